//! Addresses: the server's URL as people write it, and the paths of its resources. Must not know what is behind them.

use std::fmt;
use std::fmt::Write;
use std::net::IpAddr;

use ureq::http::Uri;

use super::failure::Failure;

/// Where a server is looked for when nothing says otherwise.
pub(crate) const DEFAULT_URL: &str = "https://localhost:8443";

const API: &str = "/chancery/v1";

/// The URL of a server, without the path of its API and without a slash at the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ServerUrl {
    text: String,
    loopback: bool,
    plain: bool,
}

impl ServerUrl {
    /// Reads `https://HOST[:PORT][/PREFIX]`; the API's own path at the end may be there. Plain `http` is taken for this
    /// machine alone: a credential would travel in the clear.
    pub(crate) fn parse(text: &str) -> Result<ServerUrl, Failure> {
        let wrong = |what: &str| {
            Failure::usage(format!("{text:?} is no URL of a server: {what}"))
                .hint("write it like https://ca.example.com:8443")
        };
        let trimmed = text.trim().trim_end_matches('/');
        let trimmed = trimmed.strip_suffix(API).unwrap_or(trimmed);
        let uri: Uri = trimmed.parse().map_err(|_| wrong("it cannot be read"))?;
        let scheme = uri.scheme_str().unwrap_or_default();
        if scheme != "https" && scheme != "http" {
            return Err(wrong("it starts with neither https:// nor http://"));
        }
        if uri.query().is_some() || trimmed.contains('#') {
            return Err(wrong("it has a query or a fragment"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            // Not quoted: what stands before the `@` may be a password.
            return Err(
                Failure::usage("the server's URL holds a user or a password")
                    .hint("set CHANCERY_USER and CHANCERY_API_KEY, or run `chancery login`"),
            );
        }
        let loopback = is_loopback(authority.host());
        if scheme == "http" && !loopback {
            return Err(wrong(
                "over plain http the credential could be read on its way",
            ));
        }
        let prefix = uri.path().trim_end_matches('/');
        // Hosts know no case, paths do.
        let authority = authority.as_str().to_ascii_lowercase();
        let text = format!("{scheme}://{authority}{prefix}");
        Ok(ServerUrl {
            text,
            loopback,
            plain: scheme == "http",
        })
    }

    /// Is it this machine?
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Is it spoken to without TLS?
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The whole URL of a resource of the native API.
    pub(crate) fn of(&self, resource: &Resource) -> String {
        format!("{}{API}{}", self.text, resource.0)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Path and query of a resource, encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Resource(String);

impl Resource {
    /// From the parts between the slashes, as they are.
    pub(crate) fn new(segments: &[&str]) -> Resource {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            encode(segment, &mut path);
        }
        Resource(path)
    }

    /// With these parameters, as they are.
    pub(crate) fn query(mut self, parameters: &[(&str, String)]) -> Resource {
        for (index, (name, value)) in parameters.iter().enumerate() {
            self.0.push(if index == 0 { '?' } else { '&' });
            encode(name, &mut self.0);
            self.0.push('=');
            encode(value, &mut self.0);
        }
        self
    }
}

/// Appends `text`, all but the unreserved characters of RFC 3986, section 2.3, percent-encoded.
fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_people_write_them() {
        for (text, want) in [
            ("https://ca.example.com:8443", "https://ca.example.com:8443"),
            ("https://CA.Example.com/", "https://ca.example.com"),
            (" https://ca/chancery/v1/ ", "https://ca"),
            ("https://ca/Behind/proxy/", "https://ca/Behind/proxy"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost", "http://localhost"),
        ] {
            let url = ServerUrl::parse(text).expect(text);
            assert_eq!(url.to_string(), want, "{text}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for text in [
            "",
            "ca.example.com",
            "ca.example.com:8443",
            "ftp://ca",
            "https://",
            "http://ca.example.com",
            "https://joe:secret@ca",
            "https://ca?x=y",
            "https://ca/#top",
        ] {
            let failure = ServerUrl::parse(text).expect_err(text);
            assert_eq!(failure.kind.code(), 2, "{text}");
            assert!(!failure.detail.contains("secret"), "{text}");
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for (text, want) in [
            ("https://localhost:8443", true),
            ("https://127.3.2.1", true),
            ("https://[::1]", true),
            ("https://localhost.example.com", false),
            ("https://10.0.0.1", false),
        ] {
            let url = ServerUrl::parse(text).expect(text);
            assert_eq!(url.is_loopback(), want, "{text}");
        }
    }

    #[test]
    fn ids_and_values_are_encoded() {
        let url = ServerUrl::parse("https://ca").expect("a URL");
        let resource = Resource::new(&["users", "a/b c?", "api-key"]);
        assert_eq!(
            url.of(&resource),
            "https://ca/chancery/v1/users/a%2Fb%20c%3F/api-key"
        );
        let query = [("subject", "CN=jö&x".to_owned()), ("limit", "5".to_owned())];
        assert_eq!(
            url.of(&Resource::new(&["certificates"]).query(&query)),
            "https://ca/chancery/v1/certificates?subject=CN%3Dj%C3%B6%26x&limit=5"
        );
    }
}
