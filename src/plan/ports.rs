//! What a change of the port range drags along: ports that somebody listens on are reserved, and the range may
//! not begin below the first unprivileged port.

use crate::advise::Report;
use crate::facts::LiveReading;
use crate::facts::LiveState;
use crate::facts::Snapshot;
use crate::plan::Change;
use crate::plan::Obstacle;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::Target;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::PortRange;
use crate::setting::PortSet;
use crate::setting::Value;
use crate::setting::catalogue;

pub(super) const RANGE: &str = "net.ipv4.ip_local_port_range";
/// The key of the ports that are never chosen by themselves.
pub const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
pub(super) const FLOOR: &str = "net.ipv4.ip_unprivileged_port_start";

/// The present port range, where the report proposes another: then the ports that somebody listens on have to be
/// looked at.
#[must_use]
pub fn range_to_change(report: &Report<'_>) -> Option<PortRange> {
    report
        .findings
        .iter()
        .find(|finding| finding.rule.rule.key.as_str() == RANGE && finding.proposed.is_some())
        .and_then(|finding| finding.live.state.value().and_then(range_of))
}

/// Adds the ports of a changed range that somebody listens on to the reserved ones, or the kernel would hand them
/// out and a service could not start again.
pub(super) fn reserve(plan: &mut Plan, snapshot: &Snapshot, listening: &PortSet) {
    let Some(change) = plan.changes.iter().find(|change| change.key.as_str() == RANGE) else {
        return;
    };
    let Some(range) = change.after.as_deref().and_then(range_of) else {
        return;
    };
    let inside = listening.within(range);
    let planned = plan.changes.iter().position(|change| change.key.as_str() == RESERVED);
    let live = live_text(snapshot, RESERVED);
    let present = planned.and_then(|at| plan.changes[at].after.clone()).or_else(|| live.clone());
    let Some(present) = present.and_then(|text| PortSet::parse(&text).ok()) else {
        return;
    };
    if present.covers(&inside) {
        return;
    }
    let after = Some(present.union(&inside).to_string());
    if let Some(at) = planned {
        plan.changes[at].after = after;
        return;
    }
    let Ok(key) = Key::parse(RESERVED) else { return };
    let Some(setting) = catalogue::find(&key) else {
        return;
    };
    let why = format!(
        "Somebody listens on {inside} inside the new port range, and the kernel must not hand it out."
    );
    let profile = change.profile.clone();
    if let Some(why) = snapshot.get(&key).and_then(LiveReading::write_obstacle) {
        let reason = format!("it may not be written here, and port {inside} has to be reserved: {why}");
        plan.refused.push(Refusal { key, target: Target::Live, obstacle: Obstacle::Permission, reason });
        return;
    }
    plan.changes.push(Change { key, setting, target: Target::Live, before: live, after, why, profile });
}

/// Refuses what would leave the range beginning below the first unprivileged port: the kernel does.
pub(super) fn hold_floor(plan: &mut Plan, snapshot: &Snapshot) {
    let after = |key: &str| {
        let planned = plan.changes.iter().find(|change| change.key.as_str() == key);
        planned.and_then(|change| change.after.clone()).or_else(|| live_text(snapshot, key))
    };
    let (Some(floor), Some(range)) = (after(FLOOR), after(RANGE).as_deref().and_then(range_of)) else {
        return;
    };
    if floor.parse::<u32>().is_ok_and(|floor| floor <= u32::from(range.low)) {
        return;
    }
    // The wish that comes from a profile gives way, both where both do.
    for at in (0..plan.changes.len()).rev() {
        if [FLOOR, RANGE].contains(&plan.changes[at].key.as_str()) {
            let change = plan.changes.remove(at);
            plan.refused.push(Refusal {
                key: change.key,
                target: change.target,
                obstacle: Obstacle::Unacceptable,
                reason: format!("the port range may not begin at {}, below {FLOOR} = {floor}", range.low),
            });
        }
    }
}

fn range_of(text: &str) -> Option<PortRange> {
    match Value::parse(Kind::PortRange, text) {
        Ok(Value::Range(range)) => Some(range),
        _ => None,
    }
}

fn live_text(snapshot: &Snapshot, key: &str) -> Option<String> {
    match &snapshot.get(&Key::parse(key).ok()?)?.state {
        LiveState::Present(text) => Some(text.clone()),
        LiveState::Absent | LiveState::Unreadable(_) | LiveState::Unknown(_) => None,
    }
}
