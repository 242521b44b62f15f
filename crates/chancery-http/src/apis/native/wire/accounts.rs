//! Users, domains and tokens on the wire.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    pub(crate) id: String,
    /// The log-in name.
    pub(crate) name: String,
    /// The domain's id.
    pub(crate) domain: String,
    /// `administrator`, `operator`, `approver`, `auditor`, `domain-administrator`, `self-service`.
    pub(crate) roles: Vec<&'static str>,
    pub(crate) disabled: bool,
    pub(crate) has_password: bool,
    pub(crate) has_api_key: bool,
    /// RFC 3339.
    pub(crate) created: String,
    pub(crate) display_name: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    /// The distinguished name that its certificates should have, for people.
    pub(crate) subject_dn: Option<String>,
    /// The last second of the account, RFC 3339; null if it does not end.
    pub(crate) expires: Option<String>,
    /// The id of the certificate that is attached to the user.
    pub(crate) certificate: Option<String>,
}

/// A page of users.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    pub(crate) users: Vec<User>,
    /// Give it as `after` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

/// Which users to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// A domain's id.
    pub(crate) domain: Option<String>,
    /// Most users of the page: 1 to 1000, 50 if left out.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Most items of the page: 1 to 1000, 50 if left out.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
}

/// A user to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// The log-in name.
    pub(crate) name: String,
    /// The id; twelve random digits if left out.
    pub(crate) id: Option<String>,
    /// The domain's id; the caller's if left out.
    pub(crate) domain: Option<String>,
    /// The roles; `self-service` if left out.
    pub(crate) roles: Option<Vec<String>>,
    /// The password, if it gets one.
    pub(crate) password: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) subject_dn: Option<String>,
    /// The last second of the account, RFC 3339; it does not end if left out.
    pub(crate) expires: Option<String>,
}

/// What to change of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    pub(crate) name: Option<String>,
    pub(crate) roles: Option<Vec<String>>,
    pub(crate) disabled: Option<bool>,
    pub(crate) password: Option<String>,
    pub(crate) domain: Option<String>,
    /// Null takes it away, as it does of the members below.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) subject_dn: Option<Option<String>>,
    /// The last second of the account, RFC 3339; null if it shall not end.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) expires: Option<Option<String>>,
}

/// Tells a member that is null from one that is left out.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// A new API key, told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKey {
    pub(crate) api_key: String,
}

/// A domain.
#[derive(Serialize, ToSchema)]
pub(crate) struct Domain {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Are all its users disabled?
    pub(crate) disabled: bool,
    /// RFC 3339.
    pub(crate) created: String,
}

/// A page of domains.
#[derive(Serialize, ToSchema)]
pub(crate) struct DomainList {
    pub(crate) domains: Vec<Domain>,
    /// Give it as `after` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

/// A domain to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDomain {
    pub(crate) id: String,
    /// For people; the id if left out.
    pub(crate) name: Option<String>,
}

/// What to change of a domain.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainChange {
    pub(crate) name: Option<String>,
    pub(crate) disabled: Option<bool>,
}

/// A bearer token, told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    pub(crate) token: String,
    /// RFC 3339.
    pub(crate) expires: String,
}

/// Who is calling.
#[derive(Serialize, ToSchema)]
pub(crate) struct WhoAmI {
    pub(crate) user: User,
}
