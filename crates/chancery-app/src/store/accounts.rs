//! How users and tokens are stored and found, beside what [`super::Store`] says of them.

use chancery_core::identity::{DomainId, UserId};
use chancery_core::time::Time;

use crate::users::User;

/// How a user is found.
#[derive(Clone, Debug)]
pub(crate) enum UserKey {
    /// By id.
    Id(UserId),
    /// By log-in name.
    Name(String),
}

/// A user with what proves it. Secrets are hashes only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredUser {
    pub(crate) user: User,
    /// PHC string of argon2id.
    pub(crate) password: Option<String>,
    /// SHA-256 of the API key, which is random.
    pub(crate) api_key: Option<[u8; 32]>,
}

/// A token as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    /// SHA-256 of its text, which is random.
    pub(crate) hash: [u8; 32],
    pub(crate) user: UserId,
    /// The tenant (domain) that it is scoped to, in APIs that scope.
    pub(crate) scope: Option<DomainId>,
    pub(crate) expires: Time,
}

impl std::fmt::Debug for StoredUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.user.fmt(f)
    }
}
