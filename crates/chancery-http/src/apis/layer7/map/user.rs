//! Users.

use chancery_app::{NewUser, Person, PropertyValue, User, UserChange};
use chancery_core::identity::UserId;
use chancery_core::role::Role;
use chancery_core::time::Time;
use secrecy::SecretString;

use super::super::errors::{Fault, shown_name};
use super::super::wire::user::{AskedUser, ENABLED, EXPIRATION, NAME};
use super::super::wire::{Item, certificate, user};
use super::{segment, under};

/// `accountExpiration` of an account that does not end.
const NEVER: i64 = -1;

/// A user of that identity provider in its envelope; `through` is the provider that the path goes through.
pub(crate) fn item(found: &User, provider: &str, through: Option<&str>) -> Item {
    let person = &found.person;
    let ends = found
        .expires
        .map_or(NEVER, |end| end.unix().saturating_mul(1000));
    let shown = user::User {
        id: found.id.as_str(),
        provider,
        login: &found.name,
        first_name: person.first_name.as_deref(),
        last_name: person.last_name.as_deref(),
        email: person.email.as_deref(),
        subject_dn: person.subject_dn.as_deref(),
        properties: vec![
            (
                NAME.to_owned(),
                PropertyValue::Text(shown_name(found).to_owned()),
            ),
            (ENABLED.to_owned(), PropertyValue::Flag(!found.disabled)),
            (EXPIRATION.to_owned(), PropertyValue::Number(ends)),
        ],
    };
    Item {
        name: found.name.clone(),
        id: Some(found.id.to_string()),
        kind: "USER",
        path: path(&found.id, through),
        resource: shown.node(),
    }
}

/// The certificate of a user in its envelope.
pub(crate) fn certificate_item(found: &User, der: &[u8], through: Option<&str>) -> Item {
    Item {
        name: found.name.clone(),
        id: Some(found.id.to_string()),
        kind: "USER_CERTIFICATE",
        path: format!("{}/certificate", path(&found.id, through)),
        resource: certificate::certificate_data(der),
    }
}

/// Where a list of users stands.
pub(crate) fn list_path(through: Option<&str>) -> String {
    under(through, "users")
}

fn path(id: &UserId, through: Option<&str>) -> String {
    format!("{}/{}", under(through, "users"), segment(id.as_str()))
}

/// A user to be made, who may do nothing but for itself.
pub(crate) fn new(id: UserId, asked: AskedUser) -> Result<NewUser, Fault> {
    let login = asked.login.clone();
    let name = login.ok_or_else(|| Fault::bad("<Login> is required"))?;
    if asked.enabled == Some(false) {
        return Err(Fault::bad(
            "a user is made enabled: make it, then disable it by a PUT",
        ));
    }
    Ok(NewUser {
        id: Some(id),
        domain: None,
        roles: vec![Role::SelfService],
        expires: expiration(asked.expiration)?.flatten(),
        person: person(&asked, &name),
        password: asked.password,
        name,
    })
}

/// A change of a user. What tells of the person is replaced as a whole, what is left out is emptied; what decides whether
/// somebody gets in (log-in name, password, enabled, end) stays unless it is given.
pub(crate) fn change(before: &User, asked: AskedUser) -> Result<UserChange, Fault> {
    let login = asked.login.as_ref().unwrap_or(&before.name);
    Ok(UserChange {
        person: Some(person(&asked, login)),
        expires: expiration(asked.expiration)?,
        name: asked.login.filter(|login| *login != before.name),
        disabled: asked.enabled.map(|enabled| !enabled),
        password: asked.password,
        ..UserChange::default()
    })
}

/// A display name that only repeats the log-in name is none: it is answered where there is none.
fn person(asked: &AskedUser, login: &str) -> Person {
    Person {
        display_name: asked.name.clone().filter(|name| name != login),
        first_name: asked.first_name.clone(),
        last_name: asked.last_name.clone(),
        email: asked.email.clone(),
        subject_dn: asked.subject_dn.clone(),
    }
}

/// The end of an account from milliseconds since 1970; none given if it is not said.
fn expiration(milliseconds: Option<i64>) -> Result<Option<Option<Time>>, Fault> {
    match milliseconds {
        None => Ok(None),
        Some(NEVER) => Ok(Some(None)),
        Some(ms) if (0..=Time::MAX.unix().saturating_mul(1000)).contains(&ms) => {
            Ok(Some(Some(Time::from_unix(ms / 1000))))
        }
        Some(_) => Err(Fault::bad(
            "accountExpiration must be milliseconds since 1970 before the year 10000, or -1",
        )),
    }
}

/// The password that a body holds as plain text, without a line's end. Hashes are not taken: a hash of another product
/// would be kept as weak as it is.
pub(crate) fn password(format: Option<&str>, body: &[u8]) -> Result<SecretString, Fault> {
    match format {
        None | Some("plain") => {}
        Some("sha512crypt") => {
            return Err(Fault::bad(
                "format=sha512crypt is not taken: send the password itself, with format=plain",
            ));
        }
        Some(_) => return Err(Fault::bad("format must be plain")),
    }
    let text = std::str::from_utf8(body).map_err(|_| Fault::bad("the password is not in UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Fault::bad("the body must be the new password"));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn asked() -> AskedUser {
        AskedUser {
            login: Some("joe".to_owned()),
            password: None,
            first_name: Some("Joe".to_owned()),
            last_name: None,
            email: None,
            subject_dn: None,
            name: Some("joe".to_owned()),
            enabled: None,
            expiration: None,
        }
    }

    #[test]
    fn passwords_come_plain_or_not_at_all() {
        let read =
            |format, body: &[u8]| password(format, body).map(|p| p.expose_secret().to_owned());
        assert_eq!(read(None, b"a b"), Ok("a b".to_owned()));
        assert_eq!(read(Some("plain"), b" x \r\n"), Ok(" x ".to_owned()));
        for (format, body) in [
            (Some("sha512crypt"), &b"$6$a$b"[..]),
            (Some("md5"), b"x"),
            (None, b""),
            (None, b"\n"),
            (None, b"\xff"),
        ] {
            assert!(read(format, body).is_err(), "{format:?} {body:?}");
        }
    }

    #[test]
    fn accounts_end_in_milliseconds() {
        assert_eq!(expiration(None), Ok(None));
        assert_eq!(expiration(Some(-1)), Ok(Some(None)));
        let end = Time::from_unix(1_700_000_000);
        assert_eq!(expiration(Some(1_700_000_000_999)), Ok(Some(Some(end))));
        for odd in [-2, i64::MIN, i64::MAX] {
            assert!(expiration(Some(odd)).is_err(), "{odd}");
        }
    }

    #[test]
    fn new_users_serve_themselves_alone() {
        let id = UserId::parse(&"0a".repeat(16)).unwrap();
        let made = new(id.clone(), asked()).unwrap();
        assert_eq!(made.roles, [Role::SelfService]);
        assert_eq!((made.person.display_name, made.expires), (None, None));
        assert!(
            new(
                id.clone(),
                AskedUser {
                    login: None,
                    ..asked()
                }
            )
            .is_err()
        );
        assert!(
            new(
                id,
                AskedUser {
                    enabled: Some(false),
                    ..asked()
                }
            )
            .is_err()
        );
    }
}
