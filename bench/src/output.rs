//! Everything that is printed: figures to standard output, for people or as JSON, and what goes on meanwhile to standard
//! error. Must not know what is measured.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value};

/// Figures in the order in which they are to be read. A key is lower-case words joined by `_`, with the unit last.
#[derive(Default)]
pub(crate) struct Report(Vec<(&'static str, Value)>);

impl Report {
    /// Adds a figure.
    pub(crate) fn add(&mut self, key: &'static str, value: impl Into<Value>) {
        self.0.push((key, value.into()));
    }

    /// Adds a length of time in milliseconds, to the microsecond. The key ends in `_ms`.
    pub(crate) fn add_time(&mut self, key: &'static str, time: Duration) {
        self.add(key, rounded(time.as_secs_f64() * 1e3, 3));
    }

    /// Prints the figures: a line for each, or one line with a JSON object.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn print(self, json: bool) -> io::Result<()> {
        if json {
            let figures = self.0.into_iter().map(|(key, value)| (key.into(), value));
            return line(Value::Object(figures.collect::<Map<_, _>>()));
        }
        let width = self.0.iter().map(|(key, _)| key.len()).max().unwrap_or(0) + 1;
        for (key, value) in self.0 {
            let label = format!("{}:", key.replace('_', " "));
            let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
            line(format_args!("{label:width$} {text}"))?;
        }
        Ok(())
    }
}

/// What came of one round of many, before the report: with the figures for people, beside them if those are JSON.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn round(json: bool, text: impl Display) -> io::Result<()> {
    if !json {
        return line(text);
    }
    note(text);
    Ok(())
}

/// One line on standard error, for whoever watches. If nobody can read it, nothing is lost.
pub(crate) fn note(text: impl Display) {
    let _unread = writeln!(io::stderr().lock(), "chancery-bench: {text}");
}

/// `value` with so many decimal places.
pub(crate) fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}

fn line(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
