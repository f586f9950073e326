//! A plan as lines of sysctl.d, for those whose configuration management owns the files.

use std::collections::BTreeSet;

use crate::advise::Report;
use crate::advise::Status;
use crate::plan::Plan;
use crate::plan::Target;
use crate::plan::ports::RANGE;
use crate::plan::ports::RESERVED;
use crate::setting::Key;
use crate::setting::PortSet;
use crate::setting::Value;

/// A line, and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootLine {
    /// The setting.
    pub key: Key,
    /// The value that the next boot is to set.
    pub value: String,
    /// Why.
    pub why: String,
    /// The profile that wants it.
    pub profile: String,
}

/// The lines that make the next boot meet every rule of the report, whatever other files say: one for each setting,
/// also for those that are as they should be. `reserved` are the ports that are reserved now: they belong to the port
/// range, whether a rule asks for them or not. Whoever has written them to a file gets the same lines again.
#[must_use]
pub fn boot_lines(report: &Report<'_>, plan: &Plan, reserved: &PortSet) -> Vec<BootLine> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for finding in &report.findings {
        let key = &finding.rule.rule.key;
        let planned = plan.changes.iter().find(|change| change.key == *key && change.target == Target::Live);
        let planned = planned.and_then(|change| change.after.clone());
        let wanted = planned.or_else(|| match finding.status {
            Status::Ok | Status::BootDiffers => finding.live.state.value().map(str::to_owned),
            _ => finding.proposed.as_ref().or(finding.proposed_boot.as_ref()).map(Value::to_string),
        });
        if let Some(value) = wanted
            && seen.insert(key)
        {
            let (why, profile) = (finding.rule.rule.why.clone(), finding.rule.profile().to_owned());
            lines.push(BootLine { key: key.clone(), value, why, profile });
        }
    }
    // What the plan adds of its own accord: ports that a wider range has to leave alone.
    for change in
        plan.changes.iter().filter(|change| change.target == Target::Live && !seen.contains(&change.key))
    {
        if let Some(value) = change.after.clone() {
            let (why, profile) = (change.why.clone(), change.profile.clone());
            lines.push(BootLine { key: change.key.clone(), value, why, profile });
        }
    }
    let has = |name: &str| lines.iter().find(|line| line.key.as_str() == name);
    if let Some(range) = has(RANGE).filter(|_| has(RESERVED).is_none() && !reserved.is_empty())
        && let Ok(key) = Key::parse(RESERVED)
    {
        let why = "These ports are reserved, and the port range must leave them alone.".into();
        let (value, profile) = (reserved.to_string(), range.profile.clone());
        lines.push(BootLine { key, value, why, profile });
    }
    lines
}
