//! From wire to core and back. Pure: nothing is asked of anybody.

pub(super) mod group;
pub(super) mod key;
pub(super) mod listing;
pub(super) mod provider;
pub(super) mod template;
pub(super) mod trusted;
pub(super) mod user;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in a segment of a path (RFC 3986, section 3.3), less what some clients read otherwise.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@');

/// An id as a segment of a path.
fn segment(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

/// Where the things of an identity provider stand: `users`, or `identityProviders/{id}/users`.
fn under(provider: Option<&str>, things: &str) -> String {
    match provider {
        Some(id) => format!("identityProviders/{}/{things}", segment(id)),
        None => things.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_in_paths_as_segments() {
        assert_eq!(segment("joe@hp.com"), "joe@hp.com");
        assert_eq!(segment("a/b?c#d%e ü"), "a%2Fb%3Fc%23d%25e%20%C3%BC");
        assert_eq!(under(None, "users"), "users");
        assert_eq!(under(Some("0a"), "users"), "identityProviders/0a/users");
    }
}
