//! The live values of settings at one moment.

use std::collections::BTreeMap;

use crate::setting::Key;

/// What the settings said when they were looked at.
pub type Snapshot = BTreeMap<Key, LiveReading>;

/// The live value of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveReading {
    /// What was found.
    pub state: LiveState,
    /// Whether this user may write it here; None where nobody asked.
    pub writable: Option<Writable>,
    /// Whether it may be newer than the last boot, and not in use before the next one: a registry value can.
    pub newer_than_boot: bool,
}

/// Whether a setting may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writable {
    /// It may.
    Yes,
    /// It may not; why.
    No(String),
}

impl LiveReading {
    /// Why the setting may not be written, where that is known.
    #[must_use]
    pub fn write_obstacle(&self) -> Option<&str> {
        match &self.writable {
            Some(Writable::No(why)) => Some(why),
            Some(Writable::Yes) | None => None,
        }
    }
}

/// What was found where a live value should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveState {
    /// A value, as the platform prints it with single spaces.
    Present(String),
    /// The platform has no such setting.
    Absent,
    /// It is there and could not be read; why.
    Unreadable(String),
    /// There is nothing that runs and could be asked; why.
    Unknown(String),
}

impl LiveState {
    /// The value, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Present(text) => Some(text),
            Self::Absent | Self::Unreadable(_) | Self::Unknown(_) => None,
        }
    }
}
