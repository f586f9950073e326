//! What a plan is made of.

use std::fmt;

use sha2::Digest;
use sha2::Sha256;

use crate::advise::Report;
use crate::facts::Host;
use crate::facts::Identity;
use crate::facts::boot::default_value;
use crate::setting::Effect;
use crate::setting::Key;
use crate::setting::Risk;
use crate::setting::Setting;
use crate::setting::Value;

/// The ordered changes that would make a host meet its profiles.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
    /// What cannot be done; where there is any, nothing is.
    pub refused: Vec<Refusal>,
    /// Files of others in which lines are commented out, because they would win over ours.
    pub edits: Vec<Edit>,
}

/// Lines of somebody else's file that are commented out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file that is written, below `/etc`.
    pub path: String,
    /// The file that its text comes from: itself, or one of a vendor's, which the new file hides.
    pub source: String,
    /// The lines, counted from 1, each with the setting that it is about.
    pub lines: Vec<(usize, Key)>,
    /// The text that was found in the source.
    pub text: Vec<u8>,
}

impl Plan {
    /// Whether there is nothing to do and nothing in the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.refused.is_empty()
    }

    /// Whether a change of it counts only after a reboot.
    #[must_use]
    pub fn needs_reboot(&self) -> bool {
        self.changes.iter().any(|change| change.setting.effect == Effect::AfterReboot)
    }

    /// Whether it changes what the next boot sets.
    #[must_use]
    pub fn touches_boot(&self) -> bool {
        !self.edits.is_empty() || self.changes.iter().any(|change| change.target == Target::Boot)
    }

    /// A name for this plan on this host: the same changes from the same values have the same.
    #[must_use]
    pub fn id(&self, identity: Option<&Identity>) -> String {
        let mut digest = Sha256::new();
        let mut add = |text: Option<&str>| {
            // Told apart: no text, an empty one, and where one ends.
            digest.update(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            digest.update(text.unwrap_or_default());
        };
        for part in
            [identity.and_then(|i| i.machine_id.as_deref()), identity.and_then(|i| i.netns.as_deref())]
        {
            add(part);
        }
        for change in &self.changes {
            add(Some(change.key.as_str()));
            add(change.before.as_deref());
            add(change.after.as_deref());
            if change.target == Target::Boot {
                add(Some("boot"));
            }
        }
        for edit in &self.edits {
            add(Some(&edit.path));
            edit.lines.iter().for_each(|(line, _)| add(Some(&line.to_string())));
        }
        let digest = digest.finalize();
        digest.first_chunk().map(|start| format!("{:016x}", u64::from_be_bytes(*start))).unwrap_or_default()
    }
}

/// One setting that gets another value.
#[derive(Clone, Debug)]
pub struct Change {
    /// The setting.
    pub key: Key,
    /// What is known about it.
    pub setting: &'static Setting,
    /// Where the value is changed.
    pub target: Target,
    /// The value before; None where there was none.
    pub before: Option<String>,
    /// The value after; None where there is none any more.
    pub after: Option<String>,
    /// Why.
    pub why: String,
    /// The profile that wants it.
    pub profile: String,
}

impl Change {
    /// What can go wrong on this host, of which the report tells.
    #[must_use]
    pub fn risk(&self, host: &Host, report: &Report<'_>) -> Risk {
        let parse = |text: &str| Value::parse(self.setting.kind, text).ok();
        // Where nothing is set, the default is in use; one that is computed nobody changed, or so it runs now.
        let unset = || {
            let live = || report.findings.iter().find(|finding| finding.rule.rule.key == self.key);
            default_value(self.setting, host.version)
                .or_else(|| live().and_then(|finding| parse(finding.live.state.value()?)))
        };
        let value = |text: &Option<String>| text.as_deref().map_or_else(unset, parse);
        match (value(&self.before), value(&self.after)) {
            (Some(before), Some(after)) => self.setting.risk_of(&before, &after),
            _ => self.setting.risk,
        }
    }
}

/// Where a value is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In the running system.
    Live,
    /// In a file that sets it at boot.
    Boot,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Live => "live",
            Self::Boot => "boot",
        })
    }
}

/// A change that cannot be made.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The setting.
    pub key: Key,
    /// Where the value would have been changed.
    pub target: Target,
    /// What is in the way, in kind.
    pub obstacle: Obstacle,
    /// What is in the way, in words.
    pub reason: String,
}

/// What is in the way of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// This user may not read or write it here.
    Permission,
    /// It would not be accepted, or not enough is known.
    Unacceptable,
}
