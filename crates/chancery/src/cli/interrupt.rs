//! Ctrl-C, heard on a thread of its own, so that a command can end where it chooses. Must not know any command.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Calls `heard` at every Ctrl-C from now on; it no longer ends the process by itself.
pub(crate) fn on_interrupt(mut heard: impl FnMut() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut signals = {
        let _inside = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    let listen = move || {
        runtime.block_on(async {
            while signals.recv().await.is_some() {
                heard();
            }
        });
    };
    thread::Builder::new()
        .name("interrupt".into())
        .spawn(listen)
        .map(drop)
}

/// Whether to stop at the next good place.
#[derive(Clone, Default, Debug)]
pub(crate) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks to stop.
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Was it asked?
    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits that long, or until asked to stop.
    pub(crate) fn wait(&self, how_long: Duration) {
        const STEP: Duration = Duration::from_millis(100);
        let mut left = how_long;
        while !left.is_zero() && !self.is_raised() {
            thread::sleep(left.min(STEP));
            left = left.saturating_sub(STEP);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_signal_raises_the_flag_and_the_process_lives() {
        let flag = StopFlag::default();
        let raised = flag.clone();
        on_interrupt(move || raised.raise()).expect("a listener");
        let kill = format!("kill -INT {}", std::process::id());
        let sent = Command::new("sh")
            .args(["-c", &kill])
            .status()
            .expect("a shell");
        assert!(sent.success());
        let started = Instant::now();
        flag.wait(Duration::from_secs(20));
        assert!(flag.is_raised());
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
