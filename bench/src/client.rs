//! One keep-alive connection to a server on this machine, and how it is reached. Must not know what is asked for.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::http::request::Builder;
use hyper::http::uri::{Authority, Scheme};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use crate::Error;

/// Which server, and as whom.
#[derive(Args)]
pub(crate) struct TargetOptions {
    /// Where the server is: https://HOST:PORT, or http:// for its open port. Loopback addresses only
    #[arg(long, default_value = "https://localhost:8443")]
    pub(crate) url: Uri,
    /// PEM file with the CA certificate that the server's own certificate leads to
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

/// As whom requests are made; without any, as nobody.
#[derive(Args)]
pub(crate) struct Credentials {
    /// Id of a user
    #[arg(long, env = "CHANCERY_USER", requires = "api_key")]
    pub(crate) user: Option<String>,
    /// API key of that user
    #[arg(
        long,
        env = "CHANCERY_API_KEY",
        hide_env_values = true,
        requires = "user"
    )]
    pub(crate) api_key: Option<String>,
    /// The administrator.json that the server wrote, instead of user and key
    #[arg(long, value_name = "FILE")]
    pub(crate) administrator: Option<PathBuf>,
}

impl Credentials {
    /// The value of `Authorization`, if there is to be one.
    fn header(&self) -> Result<Option<HeaderValue>, Error> {
        let (user, key) = match (&self.administrator, &self.user, &self.api_key) {
            (Some(file), _, _) => administrator(file)?,
            (None, Some(user), Some(key)) => (user.clone(), key.clone()),
            _ => return Ok(None),
        };
        let mut value = HeaderValue::try_from(format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{key}"))
        ))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// User and API key out of an `administrator.json`.
fn administrator(file: &Path) -> Result<(String, String), Error> {
    let text =
        std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let member = |name| {
        let text = json.get(name).and_then(serde_json::Value::as_str);
        text.map(String::from)
            .ok_or_else(|| format!("{} has no text member {name:?}", file.display()))
    };
    Ok((member("user")?, member("api_key")?))
}

/// A server on this machine and how to speak to it; cheap to clone.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    authority: Authority,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    authorization: Option<HeaderValue>,
}

impl Target {
    /// Reads the options and finds the address.
    ///
    /// # Errors
    /// The URL is not http or https, its host has no address or one that is not of this machine, `ca` is missing or holds
    /// no certificate, or the credentials cannot be read.
    pub(crate) async fn new(options: &TargetOptions) -> Result<Self, Error> {
        let url = &options.url;
        let authority = url
            .authority()
            .ok_or_else(|| format!("{url} names no host"))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (tls, port) = match url.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {
                let ca = options.ca.as_deref().ok_or("https needs --ca FILE")?;
                (
                    Some((connector(ca)?, ServerName::try_from(host.clone())?)),
                    443,
                )
            }
            Some(scheme) if *scheme == Scheme::HTTP => (None, 80),
            _ => return Err(format!("{url} is neither https:// nor http://").into()),
        };
        Ok(Self {
            address: loopback(&host, authority.port_u16().unwrap_or(port)).await?,
            authority: authority.clone(),
            tls,
            authorization: options.credentials.header()?,
        })
    }

    /// The open port of a server, asked in the clear and as nobody.
    ///
    /// # Errors
    /// As [`Target::new`]; the URL is not http.
    pub(crate) async fn open_port(url: &Uri) -> Result<Self, Error> {
        if url.scheme() != Some(&Scheme::HTTP) {
            return Err(format!("{url} is not http://, the open port").into());
        }
        Self::new(&TargetOptions {
            url: url.clone(),
            ca: None,
            credentials: Credentials {
                user: None,
                api_key: None,
                administrator: None,
            },
        })
        .await
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request to this server, with its host and credentials filled in.
    pub(crate) fn request(&self, method: Method, path: &str) -> Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.authority.as_str());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request
    }
}

/// The address of `host`, which must be of this machine: load on somebody else's machine is an attack.
async fn loopback(host: &str, port: u16) -> Result<SocketAddr, Error> {
    let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    if let Some(other) = found
        .iter()
        .find(|one| !one.ip().to_canonical().is_loopback())
    {
        return Err(format!(
            "{other} is another machine; only loopback addresses may be put under load"
        )
        .into());
    }
    // "localhost" may have two addresses of which one is served.
    for address in &found {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(*address);
        }
    }
    Err(format!("nothing listens on port {port} of {host}").into())
}

fn connector(ca: &Path) -> Result<TlsConnector, Error> {
    let unreadable = |error| format!("{}: {error}", ca.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// One open connection, on which requests follow each other.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// The status is not 2xx, or the body is no JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, Error> {
        if !self.status.is_success() {
            return Err(format!("{}: {}", self.status, self.excerpt()).into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The start of the body, for a message.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .chars()
            .take(300)
            .collect()
    }
}

impl Connection {
    /// Opens a connection, TLS handshake included.
    ///
    /// # Errors
    /// The server refuses it, or its certificate does not lead to the CA.
    pub(crate) async fn open(target: &Target) -> Result<Self, Error> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        match target.tls.clone() {
            Some((connector, name)) => Self::on(connector.connect(name, stream).await?).await,
            None => Self::on(stream).await,
        }
    }

    async fn on<S>(stream: S) -> Result<Self, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; what broke it also reaches whoever waits for an answer.
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// The connection broke; it is of no more use.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> hyper::Result<Answer> {
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(url: &'static str) -> String {
        let options = TargetOptions {
            url: Uri::from_static(url),
            ca: None,
            credentials: Credentials {
                user: None,
                api_key: None,
                administrator: None,
            },
        };
        Target::new(&options).await.err().unwrap().to_string()
    }

    #[tokio::test]
    async fn other_machines_are_refused() {
        for url in [
            "http://192.0.2.1",
            "http://[2001:db8::1]:80",
            "http://[::ffff:192.0.2.1]",
            "http://0.0.0.0",
        ] {
            let words = refusal(url).await;
            assert!(words.contains("another machine"), "{url}: {words}");
        }
    }

    #[tokio::test]
    async fn unusable_targets_are_refused() {
        for (url, part) in [
            ("ftp://127.0.0.1", "neither https"),
            ("/path", "names no host"),
            ("https://127.0.0.1", "--ca"),
        ] {
            let words = refusal(url).await;
            assert!(words.contains(part), "{url}: {words}");
        }
    }
}
