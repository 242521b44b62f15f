//! Why a command did not do what was asked, and the exit code that tells scripts. Must not know HTTP or a terminal.

use std::io;
use std::path::Path;
use std::time::Duration;

/// What kind of end a command came to, as its exit code says. `chancery --help` lists them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Whoever read our output has read enough: no failure.
    ReaderGone,
    /// The server refused, or a file here could not be read or written.
    Refused,
    /// What was asked makes no sense as asked.
    Usage,
    /// There is no such thing on the server, or this user may not see it.
    NotFound,
    /// Not authenticated, or not allowed.
    NotAllowed,
    /// The server could not be reached, or had a fault of its own.
    Unavailable,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl Kind {
    /// Every kind but [`Kind::ReaderGone`], in the order of their codes.
    #[cfg(test)]
    pub(crate) const FAILURES: [Kind; 6] = [
        Kind::Refused,
        Kind::Usage,
        Kind::NotFound,
        Kind::NotAllowed,
        Kind::Unavailable,
        Kind::Interrupted,
    ];

    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Kind::ReaderGone => 0,
            Kind::Refused => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::NotAllowed => 4,
            Kind::Unavailable => 5,
            Kind::Interrupted => 130,
        }
    }
}

/// A command's failure: one line for people, a remedy where one is known, a code for scripts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    /// Decides the exit code.
    pub(crate) kind: Kind,
    /// What was wrong; lower-case, no full stop, no secrets.
    pub(crate) detail: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The server asked to try again after that long.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without a known remedy.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Failure {
        Failure {
            kind,
            detail: detail.into(),
            hint: None,
            retry_after: None,
        }
    }

    /// Something asked in a way that cannot be done.
    pub(crate) fn usage(detail: impl Into<String>) -> Failure {
        Failure::new(Kind::Usage, detail)
    }

    /// A file that could not be `done` ("read", "written").
    pub(crate) fn file(path: &Path, done: &str, error: &io::Error) -> Failure {
        let path = path.display();
        Failure::new(
            Kind::Refused,
            format!("{path} could not be {done}: {error}"),
        )
    }

    /// The same with a remedy.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_the_help_promises() {
        let codes = Kind::FAILURES.map(Kind::code);
        assert_eq!(codes, [1, 2, 3, 4, 5, 130]);
        assert_eq!(Kind::ReaderGone.code(), 0);
        for code in codes {
            let line = format!("\n  {code:<5}");
            assert!(super::super::EXIT_CODES.contains(&line), "{code}");
        }
    }
}
