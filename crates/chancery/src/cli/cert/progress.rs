//! How far a long operation is: a bar for people, a line now and then for logs. Must not know what is being done.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output;

/// Between two lines of a log.
const INTERVAL: Duration = Duration::from_secs(10);

/// Progress through a number of octets, told on standard error.
pub(super) enum Progress {
    /// At a terminal.
    Bar(ProgressBar),
    /// Anywhere else.
    Lines {
        /// Octets in all.
        total: u64,
        /// When the last line was written.
        last: Instant,
    },
}

impl Progress {
    /// Progress through `total` octets.
    pub(super) fn new(total: u64, terminal: bool) -> Progress {
        if !terminal {
            return Progress::Lines {
                total,
                last: Instant::now(),
            };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = "{elapsed_precise} [{bar:30}] {bytes} of {total_bytes}, {eta} left: {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress::Bar(bar)
    }

    /// So far that many octets, and what came of them.
    pub(super) fn at(&mut self, octets: u64, tally: impl Fn() -> String) {
        match self {
            Progress::Bar(bar) => {
                bar.set_message(tally());
                bar.set_position(octets);
            }
            Progress::Lines { total, last } if last.elapsed() >= INTERVAL => {
                *last = Instant::now();
                output::note(&format!(
                    "{} of {}: {}",
                    HumanBytes(octets),
                    HumanBytes(*total),
                    tally()
                ));
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
