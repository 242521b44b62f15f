//! The listeners: TLS for every API, plain HTTP for the open surface; limits, certificate renewal, graceful end.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use chancery_app::{App, ServerCertificate};
use hyper_util::rt::TokioTimer;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::accept::Bounded;
use crate::apis;
use crate::config::{HttpConfig, ServerConfig};
use crate::metrics::Metrics;
use crate::shared::Shared;

/// Largest head of a request, in octets.
const LARGEST_HEAD: usize = 64 * 1024;
/// How often the TLS certificate's age is looked at.
const RENEWAL_CHECK: Duration = Duration::from_secs(3600);

/// Bound listeners, not yet answering: their addresses are known before the engine opens, as certificates name them.
#[derive(Debug)]
pub struct Listening {
    https: TcpListener,
    http: TcpListener,
}

/// The server, ready to answer.
pub struct Server {
    listening: Listening,
    shared: Shared,
    tls: RustlsConfig,
    /// The TLS certificate with which it starts, DER.
    certificate: Vec<u8>,
}

impl Listening {
    /// Binds both addresses; port 0 picks a free one.
    ///
    /// # Errors
    /// A line for the operator that names the address.
    pub fn bind(config: &ServerConfig) -> Result<Listening, String> {
        let bind = |address: &str| {
            let listener = TcpListener::bind(address)
                .map_err(|error| format!("cannot listen on {address}: {error}"))?;
            listener
                .set_nonblocking(true)
                .map_err(|error| format!("cannot listen on {address}: {error}"))?;
            Ok::<_, String>(listener)
        };
        Ok(Listening {
            https: bind(&config.https)?,
            http: bind(&config.http)?,
        })
    }

    /// Where TLS is served.
    pub fn https_address(&self) -> io::Result<SocketAddr> {
        self.https.local_addr()
    }

    /// Where plain HTTP is served.
    pub fn http_address(&self) -> io::Result<SocketAddr> {
        self.http.local_addr()
    }
}

impl Server {
    /// Prepares to answer: takes (or issues) the TLS certificate.
    pub async fn new(
        listening: Listening,
        app: App,
        config: HttpConfig,
    ) -> Result<Server, chancery_app::Error> {
        let certificate = app.server_certificate(&config.server.names).await?;
        let tls = RustlsConfig::from_config(
            tls_config(&certificate).map_err(chancery_app::Error::internal)?,
        );
        let shared = Shared {
            started: app.now(),
            app,
            config: Arc::new(config),
            metrics: Arc::new(Metrics::new()),
        };
        Ok(Server {
            listening,
            shared,
            tls,
            certificate: certificate.chain.into_iter().next().unwrap_or_default(),
        })
    }

    /// Answers until `stop` resolves, then lets running requests finish.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
        let server = self.shared.config.server.clone();
        let handle = Handle::new();
        let renewal = tokio::spawn(renew_certificate(
            self.shared.clone(),
            self.tls.clone(),
            self.certificate,
        ));
        let most = usize::try_from(server.connections).unwrap_or(usize::MAX >> 4);
        let bounded = Bounded::new(
            most,
            seconds(server.head_seconds) + seconds(server.request_seconds),
        );
        let acceptor = RustlsAcceptor::new(self.tls)
            .handshake_timeout(seconds(server.head_seconds))
            .acceptor(bounded.clone());
        let mut https = axum_server::from_tcp(self.listening.https)?
            .acceptor(acceptor)
            .handle(handle.clone());
        let mut http = axum_server::from_tcp(self.listening.http)?
            .acceptor(bounded)
            .handle(handle.clone());
        limit_heads(https.http_builder(), &server);
        limit_heads(http.http_builder(), &server);
        let all = apis::everything(self.shared.clone());
        let open = apis::open_surface(self.shared);
        let https = https.serve(with_addresses(all));
        let http = http.serve(with_addresses(open));
        let finish = async {
            stop.await;
            tracing::info!("stopping: running requests may finish");
            handle.graceful_shutdown(Some(seconds(server.shutdown_seconds)));
            Ok(())
        };
        let outcome = tokio::try_join!(https, http, finish);
        renewal.abort();
        outcome.map(|_| ())
    }
}

fn with_addresses(
    router: Router,
) -> axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    router.into_make_service_with_connect_info::<SocketAddr>()
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// Heads that come slowly or are too large end the connection. A client that has said all and closes its side still hears
/// the answer (RFC 9112, section 9.6).
fn limit_heads<E>(builder: &mut hyper_util::server::conn::auto::Builder<E>, server: &ServerConfig) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(seconds(server.head_seconds))
        .half_close(true)
        .max_buf_size(LARGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(seconds(60));
}

/// TLS 1.2 and 1.3, no client certificates.
fn tls_config(certificate: &ServerCertificate) -> Result<Arc<rustls::ServerConfig>, rustls::Error> {
    let chain = certificate
        .chain
        .iter()
        .map(|der| CertificateDer::from(der.clone()))
        .collect();
    let key = PrivatePkcs8KeyDer::from(certificate.private_key.pkcs8().to_vec()).into();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Renews the TLS certificate when two thirds of its life are over; connections that are open keep the old one.
async fn renew_certificate(shared: Shared, tls: RustlsConfig, mut current: Vec<u8>) {
    loop {
        tokio::time::sleep(RENEWAL_CHECK).await;
        let renewed = shared
            .app
            .server_certificate(&shared.config.server.names)
            .await;
        let loaded = match renewed {
            Ok(certificate) if certificate.chain.first() == Some(&current) => continue,
            Ok(certificate) => {
                current = certificate.chain.first().cloned().unwrap_or_default();
                tls_config(&certificate).map_err(chancery_app::Error::internal)
            }
            Err(error) => Err(error),
        };
        match loaded {
            Ok(config) => tls.reload_from_config(config),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the TLS certificate was not renewed"
                );
            }
        }
    }
}
