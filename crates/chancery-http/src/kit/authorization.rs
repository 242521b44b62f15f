//! Reading the Authorization header: Basic (RFC 7617) and Bearer (RFC 6750).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::kit::header::single;

/// What an Authorization header holds.
pub(crate) enum Authorization {
    /// A user and a secret.
    Basic(String, String),
    /// A token.
    Bearer(String),
}

/// Reads the header; none if it is missing, doubled, of another scheme or broken.
pub(crate) fn read(headers: &HeaderMap) -> Option<Authorization> {
    let (scheme, rest) = single(headers, AUTHORIZATION.as_str())?
        .to_str()
        .ok()?
        .split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Authorization::Bearer(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, secret) = decoded.split_once(':')?;
    Some(Authorization::Basic(user.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, want: Option<(&str, &str)>) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        let got = read(&headers).map(|authorization| match authorization {
            Authorization::Basic(user, secret) => (user, secret),
            Authorization::Bearer(token) => ("bearer".to_owned(), token),
        });
        assert_eq!(
            got,
            want.map(|(a, b)| (a.to_owned(), b.to_owned())),
            "{value}"
        );
    }

    #[test]
    fn schemes_are_read_whatever_their_case() {
        check("Basic YWRtaW46c2VjcmV0", Some(("admin", "secret")));
        check("basic YWRtaW46YTpi", Some(("admin", "a:b")));
        check("BEARER abc", Some(("bearer", "abc")));
        check("Basic YWRtaW4=", None);
        check("Basic !!!", None);
        check("Digest x", None);
        check("Basic", None);
    }
}
