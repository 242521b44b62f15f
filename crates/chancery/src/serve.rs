//! The `serve` command: reads the configuration, opens the engine and listens. Must not know any API.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chancery_app::{Administrator, App, Clock, Options};
use chancery_http::{Listening, Server};
use clap::Args;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::output;
use crate::config::Config;

/// Where the server keeps its data and where it listens.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
#[command(next_help_heading = "Options of the server")]
pub(crate) struct ServeOptions {
    /// The data directory: database, keys, `ca/root.pem` and `ca/issuing.pem`. Made at the first start.
    #[arg(long, value_name = "DIR", default_value = "chancery-data")]
    pub(crate) data: PathBuf,

    /// The configuration file; `chancery config reference` prints one with every key.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Address and port for HTTPS, in place of the configuration's.
    #[arg(long, value_name = "ADDR")]
    pub(crate) https: Option<String>,

    /// Address and port for plain HTTP (CRL, CA certificates), in place of the configuration's.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<String>,
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(options: ServeOptions) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::builder()
                .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
                .with_env_var("CHANCERY_LOG")
                .from_env_lossy(),
        )
        .init();
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("chancery: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(options: ServeOptions) -> Result<(), String> {
    let mut config = Config::load(options.config.as_deref())?;
    let server = &mut config.http.server;
    server.https = options.https.unwrap_or_else(|| server.https.clone());
    server.http = options.http.unwrap_or_else(|| server.http.clone());
    config.check()?;
    let listening = Listening::bind(&config.http.server)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(answer(options.data, config, listening))
}

async fn answer(data: PathBuf, config: Config, listening: Listening) -> Result<(), String> {
    let https = listening
        .https_address()
        .map_err(|error| error.to_string())?;
    let http = listening
        .http_address()
        .map_err(|error| error.to_string())?;
    if http.ip().is_unspecified() && config.http.server.public_url.is_none() {
        return Err(
            "server.public_url: needed when server.http listens on every address: it is written \
                    into certificates"
                .to_owned(),
        );
    }
    let public_url = config
        .http
        .server
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{http}"));
    let opening = Options {
        data: data.clone(),
        config: config.app,
        clock: Clock::System,
        server_names: config.http.server.names.clone(),
        public_url,
    };
    let (app, administrator) = App::open(opening).await.map_err(|error| told(&error))?;
    if let Some(administrator) = administrator {
        introduce(&administrator, &data)?;
    }
    let server = Server::new(listening, app.clone(), config.http)
        .await
        .map_err(|error| told(&error))?;
    // Heard from now on, so that a signal right after the ready line ends the server gracefully too.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    app.start_background_work();
    output::line(&format!("ready https://{https} http://{http}"))
        .map_err(|failure| failure.detail)?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    server.run(stop).await.map_err(|error| error.to_string())
}

/// Tells the administrator's secrets, this once.
fn introduce(administrator: &Administrator, data: &Path) -> Result<(), String> {
    output::line(&format!(
        "administrator {}\npassword      {}\napi key       {}\n(this once; they lie in {} too, for you alone)",
        administrator.user,
        administrator.password.expose_secret(),
        administrator.api_key.expose_secret(),
        data.join("administrator.json").display(),
    ))
    .map_err(|failure| failure.detail)
}

/// An error with its causes, for the operator.
fn told(error: &chancery_app::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}
