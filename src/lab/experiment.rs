//! What an experiment is, and what it finds.

use std::fmt;

use crate::setting::ByVersion;
use crate::setting::Version;

/// A claim, and how it is tried.
#[derive(Debug)]
pub struct Experiment {
    /// Its name.
    pub name: &'static str,
    /// What people are told, in one sentence.
    pub claim: &'static str,
    /// What is done to find out.
    pub method: &'static str,
    /// The verdict that is expected from each kernel version on.
    pub expected: ByVersion<Verdict>,
    /// The settings, checks and concepts that it proves something about.
    pub proves: &'static [&'static str],
    /// About how many seconds it takes.
    pub seconds: u32,
    /// How it spends them.
    pub course: Course,
}

/// How an experiment spends its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It waits: any number of them run side by side.
    Waits,
    /// It keeps processors busy, and what it measures depends on them.
    Works,
}

impl Experiment {
    /// The verdict that a kernel of this version should give; None where nothing is known.
    #[must_use]
    pub fn expected_in(&self, version: Version) -> Option<Verdict> {
        self.expected.iter().rev().find(|(since, _)| *since <= version).map(|(_, verdict)| *verdict)
    }

    /// Whether the claim is one that does not hold, and the experiment shows it.
    #[must_use]
    pub fn is_refuted(&self) -> bool {
        self.expected.last().is_some_and(|(_, verdict)| *verdict == Verdict::Refuted)
    }
}

/// What an experiment says of its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Confirmed,
    /// It does not.
    Refuted,
    /// It could not be tried here.
    NotTestable,
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::NotTestable => "not-testable",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an experiment found.
#[derive(Debug)]
pub struct Finding {
    /// The experiment.
    pub experiment: &'static Experiment,
    /// What it says of its claim.
    pub verdict: Verdict,
    /// What was seen: names and values, in the order in which it was seen.
    pub evidence: Vec<(String, String)>,
    /// Why this verdict.
    pub why: String,
}
