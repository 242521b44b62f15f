//! A server process of our own: started on a data directory with free ports, and ended gently or not.
//! Must not know what is measured on it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hyper::Uri;

use crate::Error;
use crate::client::{Credentials, Target, TargetOptions};
use crate::process::Process;

/// A start that takes longer has failed.
const START: Duration = Duration::from_secs(60);
/// A gentle end that takes longer has failed.
const STOP: Duration = Duration::from_secs(60);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    https: Uri,
    http: Uri,
    /// From starting the process to its ready line.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts `binary serve` on `data` and waits for its ready line. What it logs goes to `log`, replacing what was there.
    ///
    /// # Errors
    /// It cannot be run, or ends, or does not get ready in time; the end of the log is quoted.
    pub(crate) fn start(binary: &Path, data: &Path, log: &Path) -> Result<Self, Error> {
        Self::configured(binary, None, data, log)
    }

    /// The same with a configuration file.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) fn configured(
        binary: &Path,
        config: Option<&Path>,
        data: &Path,
        log: &Path,
    ) -> Result<Self, Error> {
        let config = config.map(|file| [OsStr::new("--config"), file.as_os_str()]);
        let begun = Instant::now();
        let mut child = Command::new(binary)
            .args([
                "serve",
                "--https",
                "127.0.0.1:0",
                "--http",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .args(config.into_iter().flatten())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", binary.display()))?;
        let ready = ready_line(&mut child);
        let start = begun.elapsed();
        // From here on, every way out ends the process.
        let mut server = Self {
            child,
            data: data.to_owned(),
            https: Uri::default(),
            http: Uri::default(),
            start,
        };
        let words = ready.ok_or_else(|| format!("the server did not get ready:\n{}", tail(log)))?;
        let address = |place| -> Result<Uri, Error> {
            let url = words.split_whitespace().nth(place).unwrap_or_default();
            url.parse()
                .map_err(|error| format!("{words:?} names no address: {error}").into())
        };
        server.https = address(1)?;
        server.http = address(2)?;
        Ok(server)
    }

    /// How to reach it as the administrator that it made at its first start.
    ///
    /// # Errors
    /// Its data directory does not hold what is needed.
    pub(crate) async fn target(&self) -> Result<Target, Error> {
        Target::new(&TargetOptions {
            url: self.https.clone(),
            ca: Some(self.data.join("ca/root.pem")),
            credentials: Credentials {
                user: None,
                api_key: None,
                administrator: Some(self.data.join("administrator.json")),
            },
        })
        .await
    }

    /// Its open port, which asks for no credential.
    pub(crate) fn http(&self) -> &Uri {
        &self.http
    }

    /// What the system tells of its process.
    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    /// Ends the process at once (SIGKILL): it learns nothing of it and can write nothing more.
    ///
    /// # Errors
    /// It had ended by itself.
    pub(crate) fn kill(mut self) -> Result<(), Error> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("the server ended by itself, {status}").into());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// It does not end in time.
    pub(crate) fn stop(mut self) -> Result<(), Error> {
        // The standard library knows no signal but SIGKILL; the shell has one built in.
        Command::new("sh")
            .args(["-c", "kill -TERM \"$0\""])
            .arg(self.child.id().to_string())
            .status()?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > STOP {
                return Err("the server does not end when asked to".into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Waits for the line `ready https://... http://...`; none if the process ends first or takes too long. What it prints
/// afterwards is read and dropped, so that it never waits for a reader.
fn ready_line(child: &mut Child) -> Option<String> {
    let out = BufReader::new(child.stdout.take()?);
    let (found, ready) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = out.lines();
        if let Some(line) = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.starts_with("ready "))
        {
            // Nobody waits any more if it took too long.
            let _late = found.send(line);
            lines.for_each(drop::<io::Result<String>>);
        }
    });
    ready.recv_timeout(START).ok()
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(10))
        .map(|line| format!("  {line}\n"))
        .collect()
}
