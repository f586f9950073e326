//! Findings: rules held against a host.

use std::collections::BTreeMap;
use std::fmt;

use crate::facts::BootReading;
use crate::facts::BootValue;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::Os;
use crate::profile::Clash;
use crate::profile::RankedRule;
use crate::setting::Value;

/// All rules of a selection, held against one host.
#[derive(Debug, Default)]
pub struct Report<'a> {
    /// A finding for each rule that was not overruled.
    pub findings: Vec<Finding<'a>>,
    /// The rules that could not hold beside a stronger one.
    pub overruled: Vec<Overruled<'a>>,
    /// What is to be minded because of profiles that are used together; each with the profile that says so.
    pub clashes: Vec<(&'a str, &'a Clash)>,
}

/// All rules of a selection, held against another network namespace of the host.
#[derive(Debug)]
pub struct NamespaceFindings<'a> {
    /// What the namespace is called.
    pub name: String,
    /// What tells it from others; None where this user may not know.
    pub id: Option<String>,
    /// How many processes are in it.
    pub processes: usize,
    /// What was found.
    pub report: Report<'a>,
}

/// One rule held against one host.
#[derive(Debug)]
pub struct Finding<'a> {
    /// The rule.
    pub rule: RankedRule<'a>,
    /// The verdict.
    pub status: Status,
    /// Why the verdict is what it is, where it is neither ok nor a difference.
    pub reason: Option<String>,
    /// What the setting says.
    pub live: LiveReading,
    /// What the files make of it at the next boot, where they were looked at.
    pub boot: BootReading,
    /// The live value that would meet this rule and every other one about the setting.
    pub proposed: Option<Value>,
    /// The boot value that would.
    pub proposed_boot: Option<Value>,
}

impl Finding<'_> {
    /// What the next boot of this host makes of the setting.
    #[must_use]
    pub fn next_boot(&self, host: &Host) -> BootValue {
        match self.rule.rule.setting.os() {
            Os::Linux => self.boot.on(host.boot_loader),
            Os::Windows => BootValue::stored(&self.live.state),
        }
    }
}

/// Which values rules are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those of the running system.
    Live,
    /// Those that the next boot sets.
    Boot,
    /// Both.
    Both,
}

/// A rule that lost against a stronger one.
#[derive(Debug)]
pub struct Overruled<'a> {
    /// The rule that lost.
    pub rule: RankedRule<'a>,
    /// The rule that won.
    pub winner: RankedRule<'a>,
}

/// The verdict on one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The live value and the next boot's differ from what the rule wants.
    BothDiffer,
    /// The live value differs from what the rule wants.
    LiveDiffers,
    /// The next boot's value differs from what the rule wants.
    BootDiffers,
    /// The value could not be read.
    Unreadable,
    /// A fact that the rule needs is not known.
    Unknown,
    /// Somebody has decided to live with it for a while.
    Excepted,
    /// The rule does not concern this host.
    NotApplicable,
    /// The stored value meets the rule, and may not be in use before the next boot.
    PendingReboot,
    /// The rule is met.
    Ok,
}

impl Status {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BothDiffer => "both-differ",
            Self::LiveDiffers => "live-differs",
            Self::BootDiffers => "boot-differs",
            Self::Unreadable => "unreadable",
            Self::Unknown => "unknown",
            Self::Excepted => "excepted",
            Self::NotApplicable => "not-applicable",
            Self::PendingReboot => "pending-reboot",
            Self::Ok => "ok",
        }
    }

    /// Whether the live value is not what the rule wants.
    #[must_use]
    pub const fn live_differs(self) -> bool {
        matches!(self, Self::LiveDiffers | Self::BothDiffer)
    }

    /// Whether the next boot's value is not what the rule wants.
    #[must_use]
    pub const fn boot_differs(self) -> bool {
        matches!(self, Self::BootDiffers | Self::BothDiffer)
    }

    /// Whether a check passes with it.
    #[must_use]
    pub const fn is_met(self) -> bool {
        matches!(self, Self::Ok | Self::NotApplicable | Self::PendingReboot | Self::Excepted)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Report<'_> {
    /// Whether every rule is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.findings.iter().all(|finding| finding.status.is_met())
    }

    /// How many findings there are of each status; statuses without any are left out.
    #[must_use]
    pub fn summary(&self) -> BTreeMap<Status, usize> {
        let mut summary = BTreeMap::new();
        for finding in &self.findings {
            *summary.entry(finding.status).or_default() += 1;
        }
        summary
    }
}
