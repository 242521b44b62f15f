//! Addresses: the one under which a request reached us with what its path names, and the one from which it came.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use chancery_app::{Error, Via};
use serde::de::DeserializeOwned;

/// Through which API somebody asks, and from where.
pub(crate) fn via(api: &'static str, parts: &Parts) -> Via {
    let address = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    Via { api, address }
}

/// The variable parts of the path, decoded.
pub(crate) async fn named<T: DeserializeOwned + Send>(parts: &mut Parts) -> Result<T, Error> {
    let path = Path::<T>::from_request_parts(parts, &()).await;
    path.map(|Path(named)| named)
        .map_err(|_| Error::Invalid("the path is not in UTF-8".to_owned()))
}

/// The host, perhaps with a port, that the caller knows this server by: of the request's target, else of its Host header.
/// None if that is no host: nothing that could mean something else inside a URL comes through.
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    let header = || {
        parts
            .headers
            .get(HOST)
            .and_then(|value| value.to_str().ok())
    };
    let host = parts.uri.authority().map(Authority::as_str).or_else(header);
    host.filter(|host| is_host(host))
}

/// Name or address, and perhaps a port.
fn is_host(text: &str) -> bool {
    text.parse::<Authority>()
        .is_ok_and(|authority| !authority.host().is_empty())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_stand_in_urls() {
        for host in [
            "localhost",
            "localhost:8443",
            "127.0.0.1:8443",
            "[::1]:8443",
            "ca_1.example",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", ":8443", "a@b", "a/b", "a?b", "a b", "a\"b", "a:b:c"] {
            assert!(!is_host(host), "{host}");
        }
    }

    #[test]
    fn the_target_names_the_host_before_the_header_does() {
        let named = |target: &str, header: &str| {
            let request = axum::http::Request::get(target).header(HOST, header);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            host(&parts).map(str::to_owned)
        };
        assert_eq!(named("/a", "b:1").as_deref(), Some("b:1"));
        assert_eq!(named("https://c/a", "b").as_deref(), Some("c"));
        assert_eq!(named("/a", "b/c"), None);
    }
}
