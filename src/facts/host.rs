//! The host that a report is about.

use std::fmt;

use crate::facts::Loader;
use crate::setting::Os;
use crate::setting::Version;

/// A host, as far as a command needed to know it: what was not asked for or cannot be told is None.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub os: Os,
    /// The kernel's version as the platform prints it.
    pub kernel: String,
    /// The kernel's version as numbers.
    pub version: Option<Version>,
    /// Physical memory in bytes.
    pub memory: Option<u64>,
    /// Processors that programs can run on.
    pub processors: Option<u32>,
    /// Whether this is the initial network namespace, the one that holds the machine's own settings.
    pub initial: bool,
    /// What boots this host's settings.
    pub boot_loader: BootLoader,
    /// Who it is, where a report or a record names it.
    pub identity: Option<Identity>,
}

/// What tells one host, boot and network namespace from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A hash of the machine's id: the id itself is confidential.
    pub machine_id: Option<String>,
    /// The id of this boot.
    pub boot_id: Option<String>,
    /// The network namespace's cookie, or its inode where the kernel does not tell the cookie.
    pub netns: Option<String>,
}

/// The program that sets the boot values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootLoader {
    /// This one.
    Is(Loader),
    /// It was not, or could not be, found out.
    Unknown,
}

impl BootLoader {
    /// The loader, where it is known.
    #[must_use]
    pub const fn known(self) -> Option<Loader> {
        match self {
            Self::Is(loader) => Some(loader),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for BootLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.known().map_or("unknown", Loader::name))
    }
}
