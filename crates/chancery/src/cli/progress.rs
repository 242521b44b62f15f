//! How far a long operation is: a bar for people, a line now and then for logs. Must not know what is being done.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;

/// Between two lines of a log.
const INTERVAL: Duration = Duration::from_secs(10);

/// How what is counted is told.
#[derive(Clone, Copy)]
pub(super) struct Telling {
    /// The bar, as a template of indicatif's; the tally is its `{msg}`.
    pub(super) bar: &'static str,
    /// A line of a log: so many, of so many in all, and the tally.
    pub(super) line: fn(u64, u64, &str) -> String,
}

/// Progress through a count, told on standard error.
pub(super) enum Progress {
    /// At a terminal.
    Bar(ProgressBar),
    /// Anywhere else.
    Lines {
        /// How many in all.
        total: u64,
        /// How they are told.
        line: fn(u64, u64, &str) -> String,
        /// When the last line was written.
        last: Instant,
    },
}

impl Progress {
    /// Progress through `total` of what is counted.
    pub(super) fn new(total: u64, telling: Telling, terminal: bool) -> Progress {
        if !terminal {
            return Progress::Lines {
                total,
                line: telling.line,
                last: Instant::now(),
            };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(telling.bar) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress::Bar(bar)
    }

    /// So far that many, and what came of them.
    pub(super) fn at(&mut self, count: u64, tally: impl Fn() -> String) {
        match self {
            Progress::Bar(bar) => {
                bar.set_message(tally());
                bar.set_position(count);
            }
            Progress::Lines { total, line, last } if last.elapsed() >= INTERVAL => {
                *last = Instant::now();
                output::note(&line(count, *total, &tally()));
            }
            Progress::Lines { .. } => {}
        }
    }

    /// Tells something in between.
    pub(super) fn note(&self, text: &str) {
        match self {
            Progress::Bar(bar) => bar.suspend(|| output::note(text)),
            Progress::Lines { .. } => output::note(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
