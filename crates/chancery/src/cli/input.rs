//! What a command reads besides its arguments: files, standard input, and secrets asked for without showing them.
//! Must not know what they are for.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::{Command, Stdio};

use super::failure::{Failure, Kind};
use super::secret::Secret;
use super::{file, interrupt, output};

/// Standard input, which can be read for one purpose only.
#[derive(Default, Debug)]
pub(crate) struct Input {
    taken: Cell<Option<&'static str>>,
}

impl Input {
    /// The content of a file; `-` is standard input, taken for `purpose` (a flag, as it is written).
    pub(crate) fn file(&self, path: &Path, purpose: &'static str) -> Result<Vec<u8>, Failure> {
        if path == Path::new("-") {
            return self.all(purpose);
        }
        file::read(path)
    }

    /// The one line on standard input, taken for `purpose`.
    pub(crate) fn secret(&self, purpose: &'static str) -> Result<Secret, Failure> {
        let bytes = self.all(purpose)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage(format!("{purpose}: standard input is not UTF-8")))?;
        one_line(&text).map(Secret::new).ok_or_else(|| {
            Failure::usage(format!("{purpose}: one line is expected on standard input"))
        })
    }

    /// A password: from standard input if `from_input`, else asked for at the terminal, twice if it is a new one.
    pub(crate) fn password(
        &self,
        from_input: bool,
        question: &str,
        new: bool,
    ) -> Result<Secret, Failure> {
        if from_input {
            return self.secret("--password-stdin");
        }
        if !io::stdin().is_terminal() {
            return Err(
                Failure::usage("a password is needed and nobody can be asked")
                    .hint("pipe it in and give --password-stdin"),
            );
        }
        restore_on_interrupt()?;
        let password = hidden(question)?;
        if new && hidden("once more: ")? != password {
            return Err(Failure::usage("the two are not the same"));
        }
        Ok(password)
    }

    /// An answer that may be seen, asked for at the terminal; none if there is no terminal or no answer.
    pub(crate) fn answer(&self, question: &str) -> Result<Option<String>, Failure> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        output::ask(question);
        Ok(one_line(&typed_line()?).map(str::to_owned))
    }

    fn all(&self, purpose: &'static str) -> Result<Vec<u8>, Failure> {
        if let Some(other) = self.taken.replace(Some(purpose)) {
            let detail = format!("{other} and {purpose} both want standard input");
            return Err(Failure::usage(detail));
        }
        file::bounded(io::stdin().lock(), "standard input")
    }
}

/// The text without the end of its line; none if it is empty or there are more lines.
fn one_line(text: &str) -> Option<&str> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    (!line.is_empty() && !line.contains(['\n', '\r'])).then_some(line)
}

fn typed_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    read.map_err(|error| {
        let detail = format!("the terminal could not be read: {error}");
        Failure::new(Kind::Refused, detail)
    })?;
    Ok(line)
}

/// From now on Ctrl-C shows what is typed again before it ends the process.
fn restore_on_interrupt() -> Result<(), Failure> {
    let restore = || {
        // There is nobody left to tell if it fails.
        let _ = echo(true);
        output::note("");
        std::process::exit(Kind::Interrupted.code().into());
    };
    interrupt::on_interrupt(restore).map_err(cannot_hide)
}

/// Asks with the terminal's echo off, and switches it on again afterwards.
fn hidden(question: &str) -> Result<Secret, Failure> {
    // In this order: who answers fast is not seen either.
    echo(false).map_err(cannot_hide)?;
    output::ask(question);
    let line = typed_line();
    let shown = echo(true);
    output::note("");
    shown.map_err(cannot_hide)?;
    let line = line?;
    let answer = one_line(&line).ok_or_else(|| Failure::usage("nothing was typed"))?;
    Ok(Secret::new(answer))
}

fn cannot_hide(error: io::Error) -> Failure {
    let detail = format!("the terminal would not hide what is typed: {error}");
    Failure::new(Kind::Refused, detail).hint("pipe the password in and give --password-stdin")
}

/// Switches the terminal's echo. `stty` does it, since the calls behind it cannot be reached without unsafe code.
fn echo(on: bool) -> io::Result<()> {
    let word = if on { "echo" } else { "-echo" };
    let status = Command::new("stty")
        .arg(word)
        .stdin(Stdio::inherit())
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("stty {word} ended with {status}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line() {
        for (text, want) in [
            ("secret", Some("secret")),
            ("secret\n", Some("secret")),
            ("secret\r\n", Some("secret")),
            (" se cret ", Some(" se cret ")),
            ("", None),
            ("\n", None),
            ("one\ntwo\n", None),
        ] {
            assert_eq!(one_line(text), want, "{text:?}");
        }
    }

    #[test]
    fn standard_input_serves_one_purpose() {
        let input = Input::default();
        input.taken.set(Some("--api-key-stdin"));
        let failure = input.file(Path::new("-"), "--csr -").expect_err("taken");
        assert_eq!(failure.kind, Kind::Usage);
        assert_eq!(
            failure.detail,
            "--api-key-stdin and --csr - both want standard input"
        );
    }
}
