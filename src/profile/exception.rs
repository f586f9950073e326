//! Exceptions: findings that somebody has decided to live with for a while.

use std::fmt;

use crate::setting::Key;

/// A setting whose rules do not count until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The setting.
    pub key: Key,
    /// Why, for whoever audits the host.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
