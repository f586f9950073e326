//! Network namespaces, as they can be found on a machine.

use std::fmt;
use std::path::PathBuf;

use crate::facts::Process;

/// A network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// What `ip netns` calls it.
    pub title: Option<String>,
    /// The first of the processes in it.
    pub process: Option<Process>,
    /// How many processes are in it, as far as they can be seen.
    pub processes: usize,
    /// How it is entered; None where this user may not know.
    pub door: Option<Door>,
    /// The number of its file, which another may have once it is gone; None where this user may not know.
    pub inode: Option<u64>,
    /// Whether another one would have the same name without the process's number.
    pub ambiguous: bool,
}

/// How a network namespace is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// By a file that stands for it: `/run/netns/NAME`.
    File(PathBuf),
    /// By a process that is in it.
    Process(u32),
}

/// Another network namespace, and what was seen in it.
#[derive(Debug)]
pub struct Elsewhere<T> {
    /// What it is called.
    pub name: String,
    /// Its cookie, or its inode where the kernel does not tell the cookie, or this user may not go in; None where not
    /// even that may be known.
    pub id: Option<String>,
    /// The namespace.
    pub namespace: Namespace,
    /// What was seen, or why nothing was.
    pub seen: Result<T, String>,
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.process.as_ref().and_then(|process| process.unit.as_ref());
        match (&self.title, unit, &self.process, &self.door) {
            (Some(title), Some(unit), ..) => write!(f, "{title} ({unit})"),
            (Some(title), None, ..) => f.write_str(title),
            (None, Some(unit), Some(process), _) if self.ambiguous => write!(f, "{unit}, {process}"),
            (None, Some(unit), ..) => write!(f, "{unit}"),
            (None, None, Some(process), _) => write!(f, "{process}"),
            (None, None, None, Some(Door::File(path))) => write!(f, "{}", path.display()),
            (None, None, None, _) => f.write_str("nobody's"),
        }
    }
}
