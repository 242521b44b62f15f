//! A server for tests: plain HTTP on this machine, answers by a function of the test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::Value;

use super::address::ServerUrl;
use super::client::Client;
use super::credential::{Credential, Server};
use super::secret::Secret;

/// From method, path with query, and body to status and answer. A status of 503 asks to try again at once.
type Answer = dyn Fn(&str, &str, &Value) -> (u16, Value) + Send + Sync;

/// A client of a server that answers so, until the test's process ends.
pub(crate) fn client(
    answer: impl Fn(&str, &str, &Value) -> (u16, Value) + Send + Sync + 'static,
) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer: Arc<Answer> = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || while serve(&stream, &*answer).is_ok() {});
        }
    });
    let url = ServerUrl::parse(&format!("http://{address}")).expect("a URL");
    let credential = Credential::Token(Secret::new("token"));
    Client::new(&Server { url, ca: None }, &credential).expect("a client")
}

fn serve(stream: &TcpStream, answer: &Answer) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines();
    let request = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    let mut length = 0;
    for header in lines {
        let header = header?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let words: Vec<&str> = request.split(' ').collect();
    let object = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer) = answer(words[0], words[1], &object);
    let answer = answer.to_string();
    let again = if status == 503 {
        "Retry-After: 0\r\n"
    } else {
        ""
    };
    let length = answer.len();
    let mut writer = stream;
    write!(
        writer,
        "HTTP/1.1 {status} X\r\n{again}Content-Length: {length}\r\n\r\n{answer}"
    )
}
