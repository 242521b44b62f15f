//! `openssl ocsp` as a server, with an authority and an index of its own, for comparison in the same run. It answers one
//! connection at a time and closes it after one answer.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Error;

/// A running responder; killed when dropped.
pub(super) struct Openssl {
    child: Child,
    pub(super) address: SocketAddr,
    /// Its authority's certificate.
    pub(super) authority: PathBuf,
}

impl Openssl {
    /// Makes an authority in `folder` that has issued these serial numbers, and starts a responder that signs by its key.
    ///
    /// # Errors
    /// There is no openssl, or it does not start.
    pub(super) fn start(folder: &Path, serials: &[Vec<u8>]) -> Result<Self, Error> {
        let [authority, key, entries] =
            ["ca.pem", "key.pem", "index.txt"].map(|name| folder.join(name));
        let made = openssl()
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench"])
            .args(["-days", "30", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&authority)
            .stderr(Stdio::null())
            .status()
            .map_err(|error| format!("cannot run openssl: {error}"))?;
        if !made.success() {
            return Err("openssl made no certificate".into());
        }
        fs::write(&entries, index(serials))?;
        let mut child = openssl()
            .args(["ocsp", "-ignore_err", "-nmin", "60", "-port", "0", "-index"])
            .arg(&entries)
            .arg("-CA")
            .arg(&authority)
            .arg("-rsigner")
            .arg(&authority)
            .arg("-rkey")
            .arg(&key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let heard = child.stdout.take();
        // From here on, every way out ends the process.
        let mut responder = Self {
            child,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            authority,
        };
        // "ACCEPT [::]:PORT PID=..." Trying to connect would not do: of a connection that ends without a question it
        // never lets go.
        let line = heard.and_then(|heard| BufReader::new(heard).lines().next());
        let line = line.ok_or("openssl ocsp does not listen")??;
        let port = line
            .split(" PID")
            .next()
            .and_then(|at| at.rsplit(':').next());
        let port = port.and_then(|digits| digits.parse().ok());
        let port = port.ok_or_else(|| format!("openssl ocsp names no port: {line}"))?;
        responder.address.set_port(port);
        Ok(responder)
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn openssl() -> Command {
    Command::new("openssl")
}

/// The index of `openssl ca`: state, expiry, revocation, serial number, file and subject of each certificate.
fn index(serials: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for (place, serial) in serials.iter().enumerate() {
        let mut digits = String::new();
        // A leading zero octet says no more than that the number is positive; openssl leaves it out.
        for octet in serial.iter().skip_while(|octet| **octet == 0) {
            // Writing to a string cannot fail.
            let _infallible = write!(digits, "{octet:02X}");
        }
        let _infallible = writeln!(
            text,
            "V\t491231235959Z\t\t{digits}\tunknown\t/CN=bench-{place}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_has_six_columns() {
        let text = index(&[vec![0, 0xab], vec![5]]);
        assert_eq!(
            text,
            "V\t491231235959Z\t\tAB\tunknown\t/CN=bench-0\nV\t491231235959Z\t\t05\tunknown\t/CN=bench-1\n"
        );
    }
}
