//! What tests of several APIs begin with.

use chancery_app::{Person, User};
use chancery_core::identity::{DomainId, UserId};
use chancery_core::time::Time;

/// A user of the domain `home` with a password, of whom nothing more is known.
pub(crate) fn joe() -> User {
    User {
        id: UserId::parse("joe").unwrap(),
        name: "joe".to_owned(),
        domain: DomainId::parse("home").unwrap(),
        roles: Vec::new(),
        disabled: false,
        has_password: true,
        has_api_key: false,
        created: Time::from_unix(0),
        person: Person::default(),
        expires: None,
        certificate: None,
    }
}
