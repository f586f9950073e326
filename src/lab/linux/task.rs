//! What the processes of the lab say to each other. Both ends are the same program.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde::Deserialize;
use serde::Serialize;

/// What a process is started for.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Task {
    /// Who started it; it does not outlive this process.
    parent: i32,
    pub(super) work: Work,
}

/// The work of a process.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Work {
    /// See whether namespaces can be had.
    Probe,
    /// Run the experiment of this name.
    Experiment(String),
    /// Put a load on these settings.
    Load { workload: String, settings: Vec<(String, String)> },
    /// In the namespaces of whoever started it: accept that many connections of the listener on standard input, say
    /// so, and keep them.
    Keep(usize),
    /// In the namespaces of whoever started it: connect that often to this address and close first, say so, and stay.
    Close(String, usize),
}

/// What a process has to say at its end.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Answer {
    Possible,
    Forbidden { cause: String, hints: Vec<String> },
    Found { verdict: String, evidence: Vec<(String, String)>, why: String },
    Measured(Figures),
}

/// What a load came to, as [`crate::lab::Measured`] has it.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Figures {
    pub(super) connections: u64,
    pub(super) milliseconds: u64,
    pub(super) until_failure: Option<u64>,
    pub(super) rate_until_failure: u64,
    pub(super) sustained_rate: u64,
    pub(super) failures: u64,
    pub(super) time_wait: u64,
    /// Settings that could not be had in a namespace.
    pub(super) untried: Vec<String>,
}

impl Task {
    /// Reads a task, and sees to it that this process ends with whoever set it. To be called first.
    pub(super) fn take(text: &str) -> io::Result<Self> {
        let task: Self = serde_json::from_str(text).map_err(io::Error::other)?;
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // Who died before that would never be noticed.
        let parent = rustix::process::getppid().map_or(0, rustix::process::Pid::as_raw_pid);
        if parent == task.parent { Ok(task) } else { Err(io::Error::other("whoever set this task is gone")) }
    }
}

/// Starts a process for some work. It ends with the calling thread.
pub(super) fn start(work: Work, input: Stdio) -> io::Result<Child> {
    let task = Task { parent: rustix::process::getpid().as_raw_pid(), work };
    // Its own file, whatever is at that path by now.
    Command::new("/proc/self/exe")
        .arg0("twtune")
        .arg("cell")
        .arg(serde_json::to_string(&task).map_err(io::Error::other)?)
        .stdin(input)
        .stdout(Stdio::piped())
        // It keeps no folder busy.
        .current_dir("/")
        .spawn()
}
