//! Processes, as far as a report names them.

use std::fmt;
use std::time::Duration;

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// What it calls itself: at most 15 bytes of anything.
    pub name: String,
    /// What it runs as a part of, where that is known.
    pub unit: Option<Unit>,
    /// How long it has been running, where that is known.
    pub age: Option<Duration>,
}

/// What a process runs as a part of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A container, by its name or the first digits of its id.
    Container(String),
    /// A unit of systemd.
    Service(String),
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(name) => write!(f, "container {name}"),
            Self::Service(name) => f.write_str(name),
        }
    }
}
