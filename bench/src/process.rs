//! What the system tells of a process (proc(5)): memory, and whether it is at rest. Linux only.
//! Must not know what the process does.

use std::fs;
use std::time::{Duration, Instant};

use crate::{Error, output};

/// How long a process is looked at to tell whether it is at rest.
const LOOK: Duration = Duration::from_secs(1);
/// Clock ticks (of which Linux gives a hundred a second) that one at rest takes in that time at most.
const REST_TICKS: u64 = 3;
/// A process that is not at rest by then is taken as it is.
const PATIENCE: Duration = Duration::from_secs(300);

/// A process, by its id.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    /// The process with this id.
    pub(crate) fn new(id: u32) -> Self {
        Self(id)
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// This is not Linux, or the process has ended.
    pub(crate) fn resident(self) -> Result<u64, Error> {
        self.memory("VmRSS:")
    }

    /// The most resident memory in bytes since it started, or since [`Self::forget_peak`].
    ///
    /// # Errors
    /// As [`Self::resident`].
    pub(crate) fn peak(self) -> Result<u64, Error> {
        self.memory("VmHWM:")
    }

    /// Lets the peak begin at what is resident now.
    ///
    /// # Errors
    /// The process has ended or is somebody else's.
    pub(crate) fn forget_peak(self) -> Result<(), Error> {
        const PEAK: &str = "5";
        Ok(fs::write(self.file("clear_refs"), PEAK)?)
    }

    /// Waits until it has been at rest for a second, for five minutes at most.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) async fn at_rest(self) -> Result<(), Error> {
        let begun = Instant::now();
        let mut before = self.ticks()?;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.ticks()?;
            if now - before <= REST_TICKS {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                output::note("the server does not come to rest; measuring it as it is");
                return Ok(());
            }
            before = now;
        }
    }

    /// Clock ticks of processor time that it has taken.
    fn ticks(self) -> Result<u64, Error> {
        let stat = fs::read_to_string(self.file("stat"))?;
        // The name of the program is in parentheses, and may hold anything.
        let (_, fields) = stat.rsplit_once(')').ok_or("a process has no name")?;
        let field = |place| fields.split_whitespace().nth(place);
        let number = |place| field(place).and_then(|digits| digits.parse::<u64>().ok());
        // Fields 14 and 15 of the whole line, counted from 1.
        let times = number(11).zip(number(12));
        Ok(times
            .map(|(user, system)| user + system)
            .ok_or("a process shows no time")?)
    }

    fn memory(self, label: &str) -> Result<u64, Error> {
        let status = fs::read_to_string(self.file("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(label));
        let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes
            .ok_or("the process shows no resident memory")?
            .parse()?;
        Ok(kibibytes * 1024)
    }

    fn file(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.0)
    }
}

/// Bytes as MiB.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found() {
        let process = Process::new(std::process::id());
        process.forget_peak().unwrap();
        assert!(process.resident().unwrap() > 1 << 20);
        assert!(process.peak().unwrap() > 1 << 20);
        assert!(process.ticks().is_ok());
        assert!(Process::new(u32::MAX).resident().is_err());
    }
}
