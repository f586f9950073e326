//! Processes, as `/proc` shows them.

use std::mem::MaybeUninit;
use std::time::Duration;

use rustix::fd::AsFd;
use rustix::fd::OwnedFd;
use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RawDir;
use rustix::io::Errno;
use rustix::time::ClockId;

use crate::facts::Process;
use crate::observe::process::cgroup;

/// A folder is read in pieces of this size.
const PIECE: usize = 64 << 10;
/// What is read of a process's file: longer ones are of no use.
const LONGEST: usize = 4 << 10;
/// Where `/proc/PID/stat` has the start of the process, counted behind the name (`proc_pid_stat(5)`: the 22nd field).
const START: usize = 19;

/// All processes that this user's `/proc` shows.
pub(in crate::observe) struct Processes {
    proc: OwnedFd,
    buffer: Vec<u8>,
}

impl Processes {
    /// Opens `/proc`.
    ///
    /// # Errors
    /// There is none.
    pub(in crate::observe) fn open() -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { proc: rustix::fs::open("/proc", flags, Mode::empty())?, buffer: Vec::with_capacity(PIECE) })
    }

    /// The numbers of all processes, in ascending order.
    pub(in crate::observe) fn pids(&mut self) -> Result<Vec<u32>, Errno> {
        let mut pids = Vec::new();
        visit_entries(&self.proc, self.buffer.spare_capacity_mut(), |name| {
            pids.extend(name.to_str().ok().and_then(|name| name.parse::<u32>().ok()));
            true
        })?;
        Ok(pids)
    }

    /// Opens something of a process: `open(42, "fd", ...)`.
    pub(in crate::observe) fn open_of(&self, pid: u32, what: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        rustix::fs::openat(&self.proc, format!("{pid}/{what}"), flags | OFlags::CLOEXEC, Mode::empty())
    }

    /// The number of what stands behind something of a process.
    pub(in crate::observe) fn inode_of(&self, pid: u32, what: &str) -> Result<u64, Errno> {
        let status = rustix::fs::statat(&self.proc, format!("{pid}/{what}"), AtFlags::empty())?;
        // Words as wide as the machine's: 32 bits on some.
        #[allow(clippy::useless_conversion, reason = "the type differs by architecture")]
        Ok(status.st_ino.into())
    }

    /// Who a process is; None where it is gone.
    pub(in crate::observe) fn describe(&self, pid: u32) -> Option<Process> {
        let comm = self.text_of(pid, "comm")?;
        let age = self.text_of(pid, "stat").and_then(|stat| age(&stat));
        let unit = self.text_of(pid, "cgroup").and_then(|text| cgroup::unit(&text));
        Some(Process { pid, name: comm.trim_end_matches('\n').to_owned(), unit, age })
    }

    fn text_of(&self, pid: u32, what: &str) -> Option<String> {
        let file = self.open_of(pid, what, OFlags::RDONLY).ok()?;
        let mut buffer = [0; LONGEST];
        let count = rustix::io::read(&file, &mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
    }
}

/// Calls `visit` with the name of each entry until it says stop.
pub(in crate::observe) fn visit_entries(
    folder: impl AsFd,
    buffer: &mut [MaybeUninit<u8>],
    mut visit: impl FnMut(&std::ffi::CStr) -> bool,
) -> Result<(), Errno> {
    let mut entries = RawDir::new(folder, buffer);
    while let Some(entry) = entries.next() {
        if !visit(entry?.file_name()) {
            break;
        }
    }
    Ok(())
}

fn age(stat: &str) -> Option<Duration> {
    // The name stands in brackets, and may have brackets in it.
    let (_, behind) = stat.rsplit_once(')')?;
    let ticks: u64 = behind.split_ascii_whitespace().nth(START)?.parse().ok()?;
    let started = Duration::from_millis(ticks.checked_mul(1000)? / rustix::param::clock_ticks_per_second());
    let now = rustix::time::clock_gettime(ClockId::Boottime);
    let now = Duration::from_secs(u64::try_from(now.tv_sec).ok()?);
    Some(now.saturating_sub(started))
}
