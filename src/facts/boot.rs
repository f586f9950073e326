//! What the next boot will set: the files that a loader reads, and the value, the file and the line that come of them.

mod brace;
mod command_line;
mod effect;
mod file;
mod glob;
mod line;
mod lines;
mod order;
mod reading;
mod run;

use std::collections::BTreeMap;
use std::fmt;

use crate::facts::BootLoader;
use crate::facts::LiveState;
use crate::setting::Key;

pub use effect::default_value;
pub use effect::least_default;
pub use effect::on_kernel;
pub use file::BootFile;
pub use file::BootFiles;
pub use file::Content;
pub use file::comment_out;
pub use line::Verb;
pub use lines::Entry;
pub use lines::Named;
pub use order::CREDENTIAL;
pub use order::FOLDERS;
pub use order::SYSCTL_CONF;
pub use reading::Reading;

/// A program that sets values at boot from files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loader {
    /// `systemd-sysctl`, the service that systemd starts early.
    SystemdSysctl,
    /// `sysctl --system` of procps, what init scripts call.
    Procps,
}

impl Loader {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::SystemdSysctl, Self::Procps];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SystemdSysctl => "systemd-sysctl",
            Self::Procps => "procps",
        }
    }
}

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A line of a file, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileLine {
    /// The file, as its folder names it; below a root, as seen from inside.
    pub file: String,
    /// The line.
    pub line: usize,
}

impl fmt::Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What one loader makes of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootValue {
    /// What it will be.
    pub state: BootState,
    /// The line that says so, where there is one.
    pub origin: Option<FileLine>,
    /// The lines that set it as well and do not win, in the order in which they are read.
    pub shadowed: Vec<Assigned>,
    /// The values that are written one after the other, the last one of which is `state`'s: what the kernel refuses
    /// leaves the one before it.
    pub written: Vec<Assigned>,
    /// Those of them that the kernel refuses, each with the reason; known after [`on_kernel`].
    pub refused: Vec<(Assigned, String)>,
    /// The lines that set another setting, which changes this one with it.
    pub besides: Vec<Besides>,
}

/// A line that sets another setting, and changes one besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Besides {
    /// How many of the values are written before it.
    pub after: usize,
    /// The value that it leaves, where that is the one it assigns.
    pub value: Option<String>,
    /// Which line it is, and what it sets.
    pub why: String,
}

/// A value and the line that assigns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The line.
    pub origin: FileLine,
    /// The value as the file has it, without the white space around it.
    pub value: String,
}

/// What a setting will be after a boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootState {
    /// A file sets it to this.
    Present(String),
    /// No file sets it: the kernel's own default stays.
    Default,
    /// A file that may set it could not be read; why.
    Unreadable(String),
    /// It cannot be told; why.
    Unknown(String),
}

impl BootState {
    /// The value, where a file sets one.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Present(value) => Some(value),
            Self::Default | Self::Unreadable(_) | Self::Unknown(_) => None,
        }
    }
}

impl BootValue {
    /// A value that cannot be told.
    #[must_use]
    pub fn unknown(why: &str) -> Self {
        Self::of(BootState::Unknown(why.into()))
    }

    /// What Windows boots with: what the registry keeps, and netsh, is the live value and the next boot's at once.
    #[must_use]
    pub fn stored(live: &LiveState) -> Self {
        Self::of(match live {
            LiveState::Present(value) => BootState::Present(value.clone()),
            LiveState::Absent => BootState::Default,
            LiveState::Unreadable(why) => BootState::Unreadable(why.clone()),
            LiveState::Unknown(why) => BootState::Unknown(why.clone()),
        })
    }

    /// A value that no line of a file says anything about.
    const fn of(state: BootState) -> Self {
        Self {
            state,
            origin: None,
            shadowed: Vec::new(),
            written: Vec::new(),
            refused: Vec::new(),
            besides: Vec::new(),
        }
    }
}

/// What the next boot makes of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootReading {
    /// Under systemd-sysctl.
    pub systemd: BootValue,
    /// Under procps.
    pub procps: BootValue,
}

impl BootReading {
    /// A setting whose files were not looked at.
    #[must_use]
    pub fn unknown(why: &str) -> Self {
        Self { systemd: BootValue::unknown(why), procps: BootValue::unknown(why) }
    }

    /// What this loader makes of it.
    #[must_use]
    pub fn under(&self, loader: Loader) -> &BootValue {
        match loader {
            Loader::SystemdSysctl => &self.systemd,
            Loader::Procps => &self.procps,
        }
    }

    /// What this host's loader makes of it. Where that loader is not known, what both make of it.
    #[must_use]
    pub fn on(&self, host: BootLoader) -> BootValue {
        match host.known() {
            Some(loader) => self.under(loader).clone(),
            None if self.agree() => self.systemd.clone(),
            None => BootValue::unknown(
                "which program reads the files at boot is not known, and systemd-sysctl and procps disagree",
            ),
        }
    }

    /// Whether the two loaders make the same of it.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.systemd.state == self.procps.state
    }
}

/// What the next boot makes of settings.
pub type Boot = BTreeMap<Key, BootReading>;

/// What each loader makes of these settings. Nothing but the files and the command line that are given counts, so
/// that a tree that does not exist yet can be asked as well.
#[must_use]
pub fn resolve<'k>(files: &BootFiles, keys: impl IntoIterator<Item = &'k Key>) -> Boot {
    let systemd = Reading::new(files, Loader::SystemdSysctl);
    let procps = Reading::new(files, Loader::Procps);
    let both = |key: &Key| BootReading { systemd: systemd.value(key), procps: procps.value(key) };
    keys.into_iter().map(|key| (key.clone(), both(key))).collect()
}
