//! A keep-alive connection over HTTP/1.1 in the clear that spends as little as it can: requests are sent as they were
//! prepared, and of answers it reads no more than how they are framed. So the generator takes less of the processor that it
//! shares with the server. Must not know what is asked for.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Error;

/// Largest answer, head included.
const LARGEST: usize = 64 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// One open connection.
pub(crate) struct Plain {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

/// A whole answer.
pub(crate) struct PlainAnswer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// A POST as it is sent, head and body.
pub(crate) fn post(host: &str, path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

impl Plain {
    /// Opens a connection.
    ///
    /// # Errors
    /// The server refuses it.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; LARGEST].into(),
        })
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// The connection broke, or the answer is none that this reads; it is of no more use.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<PlainAnswer<'_>, Error> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let frame = loop {
            let free = self
                .buffer
                .get_mut(filled..)
                .filter(|free| !free.is_empty())
                .ok_or("an answer is too large")?;
            match self.stream.read(free).await? {
                0 => {
                    return Err(
                        "the server closed the connection before its answer was whole".into(),
                    );
                }
                read => filled += read,
            }
            let read = self.buffer.get(..filled).unwrap_or_default();
            if let Some(frame) = Frame::of(read)?
                && filled >= frame.body + frame.length
            {
                break frame;
            }
        };
        let body = self.buffer.get(frame.body..frame.body + frame.length);
        Ok(PlainAnswer {
            status: frame.status,
            body: body.unwrap_or_default(),
        })
    }
}

/// What an answer's head says of its frame (RFC 9112, section 6).
struct Frame {
    status: u16,
    /// Where the body begins.
    body: usize,
    length: usize,
}

impl Frame {
    /// None until the head is whole.
    fn of(read: &[u8]) -> Result<Option<Self>, Error> {
        let Some(end) = read
            .windows(HEAD_END.len())
            .position(|here| here == HEAD_END)
        else {
            return Ok(None);
        };
        let head = std::str::from_utf8(read.get(..end).unwrap_or_default())?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then_some(value.trim())
        });
        Ok(Some(Self {
            status: status.ok_or("an answer has no status")?.parse()?,
            body: end + HEAD_END.len(),
            length: length
                .ok_or("an answer does not say how long it is")?
                .parse()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\nContent-length: 12\r\n\r\nabc";
        let frame = Frame::of(head).unwrap().unwrap();
        assert_eq!(
            (frame.status, frame.body, frame.length),
            (200, head.len() - 3, 12)
        );
        assert!(Frame::of(b"HTTP/1.1 200 OK\r\ncontent-").unwrap().is_none());
        assert!(Frame::of(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
