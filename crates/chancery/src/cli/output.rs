//! What a command prints: results on standard output, all else on standard error. The one place that writes to either.
//! Must not know what the results mean.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::Command;

use serde_json::Value;

use super::failure::{Failure, Kind};

/// Writes octets as they are.
pub(crate) fn bytes(content: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(content).and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Kind::ReaderGone, "nobody reads any more"),
        _ => Failure::new(
            Kind::Refused,
            format!("the result could not be printed: {error}"),
        ),
    })
}

/// Writes a line of text, harmless to a terminal.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    bytes(format!("{}\n", printable(text)).as_bytes())
}

/// Writes an object as the server gave it.
pub(crate) fn json(value: &Value) -> Result<(), Failure> {
    bytes(format!("{value:#}\n").as_bytes())
}

/// Is standard output a terminal? Binary data does not belong there.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// How wide a table may be: `columns` (the variable) or what the terminal says; none if no person looks at it.
pub(crate) fn width(columns: Option<usize>) -> Option<usize> {
    if !is_terminal() {
        return None;
    }
    columns.or_else(terminal_width)
}

/// Tells people something that is not the result. Where that cannot be told, nothing is lost.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// Asks on standard error, staying on the line.
pub(crate) fn ask(question: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
}

/// Tells why a command failed, and the remedy.
pub(crate) fn problem(failure: &Failure) {
    if failure.kind == Kind::ReaderGone {
        return;
    }
    note(&format!("chancery: {}", failure.detail));
    if let Some(hint) = &failure.hint {
        note(&format!("hint: {hint}"));
    }
}

/// `text` with everything replaced that could move a terminal's cursor, change its colours or turn the direction of
/// writing: names in certificates come from strangers.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(harmful, "\u{fffd}"))
}

/// The columns of the terminal, asked of `stty`, since the call behind it cannot be reached without unsafe code.
fn terminal_width() -> Option<usize> {
    let terminal = File::open("/dev/tty").ok()?;
    let answer = Command::new("stty")
        .arg("size")
        .stdin(terminal)
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let columns = text.split_whitespace().nth(1)?.parse().ok()?;
    (columns > 0).then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_command_the_terminal() {
        for (text, want) in [
            ("CN=joe,O=Käse AG", "CN=joe,O=Käse AG"),
            ("CN=\u{1b}[2Jx", "CN=\u{fffd}[2Jx"),
            ("a\u{9b}b", "a\u{fffd}b"),
            ("CN=\u{202e}moc.elpmaxe", "CN=\u{fffd}moc.elpmaxe"),
            ("two\nlines\r", "two\nlines\u{fffd}"),
        ] {
            assert_eq!(printable(text), want);
        }
    }
}
