//! Draws up a plan from findings.

use std::collections::BTreeSet;

use crate::advise::Finding;
use crate::advise::Report;
use crate::advise::Status;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::Snapshot;
use crate::plan::Change;
use crate::plan::Obstacle;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::Target;
use crate::plan::order;
use crate::plan::ports;
use crate::profile::Constraint;
use crate::profile::Rule;
use crate::setting::Key;
use crate::setting::PortSet;
use crate::setting::Setting;
use crate::setting::Value;

/// The settings that a plan has to look at, each with whether it can be written: those that it would change, and
/// others that these touch.
#[must_use]
pub fn concerned(report: &Report<'_>) -> Vec<Key> {
    let differing = || {
        report
            .findings
            .iter()
            .filter(|finding| finding.status.live_differs() || finding.status.boot_differs())
    };
    let changed = |key: &str| differing().any(|finding| finding.rule.rule.key.as_str() == key);
    let names: &[&str] = match (changed(ports::RANGE), changed(ports::FLOOR)) {
        (true, _) => &[ports::FLOOR, ports::RESERVED],
        (false, true) => &[ports::RANGE],
        (false, false) => &[],
    };
    let reset = reset_besides(report).map(|(finding, _)| finding.rule.rule.key.clone());
    let touched = names.iter().filter_map(|name| Key::parse(name).ok());
    differing().map(|finding| finding.rule.rule.key.clone()).chain(reset).chain(touched).collect()
}

/// Draws up the plan that would meet every rule of the report.
///
/// The snapshot holds the settings that the rules name and those that are [`concerned`]. `listening` are the ports that somebody listens on; they are looked at where the plan
/// [changes the port range](crate::plan::range_to_change). Settings in `skip` are left alone.
#[must_use]
pub fn draw(
    host: &Host,
    report: &Report<'_>,
    snapshot: &Snapshot,
    listening: &PortSet,
    skip: &[Key],
) -> Plan {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    for finding in &report.findings {
        // All findings about one setting propose the same value, the one that meets them all; the first that
        // differs is the strongest rule's and gives the reason.
        let in_the_way = !finding.status.is_met() && finding.status != Status::BootDiffers;
        if in_the_way && seen.insert(&finding.rule.rule.key) {
            match change(host, finding, snapshot) {
                Ok(change) => plan.changes.push(change),
                Err(refusal) => plan.refused.push(refusal),
            }
        }
    }
    for (finding, by) in reset_besides(report) {
        if seen.insert(&finding.rule.rule.key) {
            match keep(finding, by, snapshot) {
                Ok(change) => plan.changes.push(change),
                Err(refusal) => plan.refused.push(refusal),
            }
        }
    }
    if !skip.iter().any(|key| key.as_str() == ports::RESERVED) {
        ports::reserve(&mut plan, snapshot, listening);
    }
    ports::hold_floor(&mut plan, snapshot);
    order::sort(&mut plan.changes);
    plan
}

/// The findings whose value is as it should be, and which a change that is to be made resets; each with that
/// change's key.
fn reset_besides<'a>(report: &'a Report<'a>) -> impl Iterator<Item = (&'a Finding<'a>, &'a Key)> {
    let changed = report.findings.iter().filter(|finding| finding.proposed.is_some());
    changed.flat_map(|change| {
        let (by, patterns) = (&change.rule.rule.key, change.rule.rule.setting.also_changes);
        let met = report.findings.iter().filter(|finding| finding.status == Status::Ok);
        met.filter(|finding| finding.live.state.value().is_some())
            .filter(|finding| patterns.iter().any(|pattern| finding.rule.rule.key.matches(pattern)))
            .map(move |finding| (finding, by))
    })
}

/// A write of the value that is there, behind the one that resets it.
fn keep(finding: &Finding<'_>, by: &Key, snapshot: &Snapshot) -> Result<Change, Refusal> {
    let (rule, value) = (finding.rule.rule, finding.live.state.value().map(str::to_owned));
    if let Some(why) = snapshot.get(&rule.key).and_then(LiveReading::write_obstacle) {
        let reason = format!("writing {by} resets it, and it may not be written here: {why}");
        let (key, target) = (rule.key.clone(), Target::Live);
        return Err(Refusal { key, target, obstacle: Obstacle::Permission, reason });
    }
    Ok(Change {
        key: rule.key.clone(),
        setting: rule.setting,
        target: Target::Live,
        before: value.clone(),
        after: value,
        why: format!("Writing {by} resets it, and it is to stay as it is."),
        profile: finding.rule.profile().to_owned(),
    })
}

fn change(host: &Host, finding: &Finding<'_>, snapshot: &Snapshot) -> Result<Change, Refusal> {
    let rule = finding.rule.rule;
    let refuse =
        |obstacle, reason: String| Refusal { key: rule.key.clone(), target: Target::Live, obstacle, reason };
    let reason = || finding.reason.clone().unwrap_or_else(|| finding.status.to_string());
    let obstacle = || snapshot.get(&rule.key).and_then(LiveReading::write_obstacle);
    if finding.status.live_differs() && rule.constraint == Constraint::Absent && rule.setting.may_be_absent()
    {
        return match obstacle() {
            Some(why) => Err(refuse(Obstacle::Permission, format!("it may not be removed here: {why}"))),
            None => Ok(planned(host, finding, None)),
        };
    }
    let Some(proposed) = &finding.proposed else {
        let obstacle = match finding.status {
            Status::Unreadable => Obstacle::Permission,
            _ => Obstacle::Unacceptable,
        };
        return Err(refuse(obstacle, reason()));
    };
    if let Some(why) = refused_by(host, rule.setting, proposed) {
        return Err(refuse(Obstacle::Unacceptable, why));
    }
    if let Some(why) = obstacle() {
        return Err(refuse(Obstacle::Permission, format!("it may not be written here: {why}")));
    }
    Ok(planned(host, finding, Some(proposed.to_string())))
}

fn planned(host: &Host, finding: &Finding<'_>, after: Option<String>) -> Change {
    let rule = finding.rule.rule;
    Change {
        key: rule.key.clone(),
        setting: rule.setting,
        target: Target::Live,
        before: finding.live.state.value().map(str::to_owned),
        after,
        why: why(host, rule),
        profile: finding.rule.profile().to_owned(),
    }
}

/// The rule's reason, and what became of shares of memory that this kernel does not take.
pub(super) fn why(host: &Host, rule: &Rule) -> String {
    let capped: Vec<String> =
        rule.constraint.amounts().iter().filter_map(|amount| amount.capped(rule.setting, host)).collect();
    if capped.is_empty() { rule.why.clone() } else { format!("{} ({})", rule.why, capped.join("; ")) }
}

/// Why the host's kernel would refuse a value; None where it takes it.
#[must_use]
pub fn refused_by(host: &Host, setting: &Setting, value: &Value) -> Option<String> {
    match host.version {
        Some(version) => setting
            .accepts_in(version)
            .and_then(|accept| accept.refuses(value))
            .map(|why| format!("{} {version} would refuse `{value}`: {why}", host.os)),
        None => setting.refuses(value),
    }
}
