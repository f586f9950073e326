//! Checks: named tests of evidence. Each is a file with its manual page beside it, `shadowed_setting.rs` and
//! `shadowed_setting.md`; a line in [`ALL`] makes it known to `explain`.

pub mod duplicate_assignment;

use std::fmt;

/// A test of evidence, named after the fault that it finds.
#[derive(Debug)]
pub struct Check {
    /// Its name, in kebab-case.
    pub id: &'static str,
    /// Its manual page, which `explain` tells.
    pub page: &'static str,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Concern {
    /// The check.
    pub check: &'static Check,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a key, a file and line, a process.
    pub subject: String,
    /// The facts that it rests on, by name.
    pub evidence: Vec<(&'static str, String)>,
    /// What to do about it, the best first.
    pub advice: Vec<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something does not do what whoever wrote it believes.
    Error,
    /// Something may not do what whoever wrote it believes.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Every check, by name.
pub static ALL: &[&Check] = &[&duplicate_assignment::CHECK];

/// The check of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == name)
}

impl Check {
    /// The first line of its page behind the title: what it finds, in one sentence.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.page.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default()
    }
}
