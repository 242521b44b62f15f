//! This crate's part of the configuration. Every key has a usable default.

use chancery_core::san::GeneralName;
use serde::Deserialize;

/// Everything that the HTTP side reads from the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Listeners and limits.
    pub server: ServerConfig,
    /// The HP Keystone API.
    pub keystone: KeystoneConfig,
    /// The AppViewX API.
    pub appviewx: AppViewxConfig,
}

/// Listeners and limits.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Where every API is served over TLS.
    pub https: String,
    /// Where CRLs and authorities' certificates are served in the clear.
    pub http: String,
    /// The names (DNS or IP) of the TLS certificate.
    pub names: Vec<String>,
    /// The address of this server that stands in certificates (CRL, issuer); from `http` if left out.
    pub public_url: Option<String>,
    /// Most octets of a request's body.
    pub max_body: u32,
    /// Most seconds for a TLS handshake, and for a request's head to arrive.
    pub head_seconds: u32,
    /// Most seconds until a request is answered, its body's arrival included.
    pub request_seconds: u32,
    /// Most seconds for running requests to finish at the end.
    pub shutdown_seconds: u32,
    /// Most connections to both listeners together; more are closed at once.
    pub connections: u32,
    /// Most requests of one API that run at once; more are told that the server is busy.
    pub concurrent_requests: u32,
}

/// The HP Keystone API.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeystoneConfig {
    /// Who signs created certificates: `self` (as the document shows) or an authority's name.
    pub issuer: String,
    /// The profile of created certificates.
    pub profile: String,
    /// The key of created certificates when a request names none.
    pub key: String,
    /// The region told in the service catalog.
    pub region: String,
    /// The identity endpoint told in the service catalog, ending in `/v2.0/`; from the request's Host if left out.
    pub public_url: Option<String>,
}

/// The AppViewX API.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppViewxConfig {
    /// Minutes that a session is good for after its log-in.
    pub session_minutes: u32,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            https: "127.0.0.1:8443".to_owned(),
            http: "127.0.0.1:8080".to_owned(),
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            public_url: None,
            max_body: 1_048_576,
            head_seconds: 10,
            request_seconds: 30,
            shutdown_seconds: 30,
            connections: 4096,
            concurrent_requests: 1024,
        }
    }
}

impl Default for KeystoneConfig {
    fn default() -> KeystoneConfig {
        KeystoneConfig {
            issuer: "self".to_owned(),
            profile: "keystone-user".to_owned(),
            key: "rsa-2048".to_owned(),
            region: "region-a.geo-1".to_owned(),
            public_url: None,
        }
    }
}

impl Default for AppViewxConfig {
    fn default() -> AppViewxConfig {
        AppViewxConfig {
            session_minutes: 15,
        }
    }
}

impl HttpConfig {
    /// Checks what a type cannot say. The error starts with the path of the bad key.
    pub fn check(&self) -> Result<(), String> {
        let server = &self.server;
        for (key, address) in [
            ("server.https", &server.https),
            ("server.http", &server.http),
        ] {
            if address.parse::<std::net::SocketAddr>().is_err() {
                return Err(format!(
                    "{key}: {address:?} is no address: write IP:PORT, as 127.0.0.1:8443"
                ));
            }
        }
        if server.names.is_empty() {
            return Err("server.names: name at least one DNS name or IP address".to_owned());
        }
        for name in &server.names {
            let read = name.parse::<std::net::IpAddr>().is_ok() || GeneralName::dns(name).is_ok();
            if !read {
                return Err(format!(
                    "server.names: {name:?} is neither a DNS name nor an IP address"
                ));
            }
        }
        if let Some(url) = &server.public_url
            && (!url.starts_with("http://") || url.ends_with('/') || GeneralName::uri(url).is_err())
        {
            return Err(
                "server.public_url: write http://HOST:PORT without a slash at the end".to_owned(),
            );
        }
        if chancery_core::key::KeyAlgorithm::parse(&self.keystone.key).is_none() {
            return Err(format!(
                "keystone.key: {:?} is no key: take rsa-2048, ec-p256, ...",
                self.keystone.key
            ));
        }
        let numbers = [
            ("server.max_body", server.max_body, 1024, 64 * 1024 * 1024),
            ("server.head_seconds", server.head_seconds, 1, 3600),
            ("server.request_seconds", server.request_seconds, 1, 3600),
            ("server.shutdown_seconds", server.shutdown_seconds, 0, 3600),
            ("server.connections", server.connections, 1, 1_000_000),
            (
                "server.concurrent_requests",
                server.concurrent_requests,
                1,
                1_000_000,
            ),
            (
                "appviewx.session_minutes",
                self.appviewx.session_minutes,
                1,
                1440,
            ),
        ];
        for (key, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                return Err(format!(
                    "{key}: {value} is out of range: take {least} to {most}"
                ));
            }
        }
        Ok(())
    }
}
