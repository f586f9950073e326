//! What a plan does to the next boot: lines of twtune's own file, and what to do about later lines of others.

use std::collections::BTreeMap;

use crate::advise::Finding;
use crate::advise::Report;
use crate::advise::Status;
use crate::facts::BootState;
use crate::facts::Host;
use crate::facts::LiveState;
use crate::facts::Snapshot;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::default_value;
use crate::plan::Change;
use crate::plan::DROP_IN;
use crate::plan::DropIn;
use crate::plan::DropInLine;
use crate::plan::NextBoot;
use crate::plan::Obstacle;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::Target;
use crate::plan::draw;
use crate::plan::order;
use crate::plan::ports;
use crate::setting::Key;
use crate::setting::PortSet;
use crate::setting::Setting;
use crate::setting::Value;
use crate::setting::catalogue;

/// Where the next boot's values come from, and what may be done about them.
pub struct BootPlace<'a> {
    /// All files that have a say.
    pub files: &'a BootFiles,
    /// What twtune's own file says.
    pub own: &'a DropIn,
    /// Whether live values count as well.
    pub live: bool,
    /// Whether lines of others that would win are commented out.
    pub take_over: bool,
    /// Why twtune's own file may not be written, where that is known.
    pub obstacle: Option<(Obstacle, String)>,
}

/// A value that the next boot is to set.
struct Wish {
    key: Key,
    setting: &'static Setting,
    value: Value,
    before: Option<String>,
    why: String,
    profile: String,
}

/// Adds to a plan what makes the next boot meet every rule of the report.
pub fn draw_boot(
    plan: &mut Plan,
    host: &Host,
    report: &Report<'_>,
    snapshot: &Snapshot,
    place: &BootPlace<'_>,
    skip: &[Key],
) {
    for refusal in &mut plan.refused {
        if !place.live || is_blocked_by_boot(host, report, &refusal.key) {
            refusal.target = Target::Boot;
        }
    }
    let mut wishes = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for finding in report.findings.iter().filter(|finding| finding.status.boot_differs()) {
        if seen.insert(&finding.rule.rule.key) {
            match wish(host, finding) {
                Ok(wish) => wishes.push(wish),
                Err(refusal) => plan.refused.push(refusal),
            }
        }
    }
    // Where the kernel computes its default, nobody knows what the boot will make of it, until a line says so.
    for finding in report.findings.iter().filter(|finding| place.live && is_open(host, finding)) {
        let live = finding.live.state.value();
        let present = live.and_then(|text| Value::parse(finding.rule.rule.setting.kind, text).ok());
        if let Some(value) = finding.proposed.clone().or(present)
            && seen.insert(&finding.rule.rule.key)
        {
            let rule = finding.rule.rule;
            plan.refused.retain(|refusal| refusal.key != rule.key || finding.status != Status::Unknown);
            let (why, profile) = (draw::why(host, rule), finding.rule.profile().to_owned());
            wishes.push(Wish {
                key: rule.key.clone(),
                setting: rule.setting,
                value,
                before: None,
                why,
                profile,
            });
        }
    }
    let mut next = NextBoot::of(place.files.clone(), host);
    reserve(plan, &mut wishes, snapshot, &next, skip);
    if let (Some((obstacle, why)), false) = (&place.obstacle, wishes.is_empty()) {
        plan.refused.extend(wishes.iter().map(|wish| refusal(&wish.key, *obstacle, why.clone())));
        return;
    }
    let mut own = place.own.clone();
    for wish in &wishes {
        let (value, profile, why) = (wish.value.to_string(), wish.profile.clone(), wish.why.clone());
        own.lines.insert(wish.key.clone(), DropInLine { value, profile, why });
    }
    next.files = next.files.with(DROP_IN, own.text().unwrap_or_default());
    for wish in wishes {
        match next.win((&wish.key, wish.setting, &wish.value), place.take_over, &mut plan.edits) {
            Ok(()) => plan.changes.push(Change {
                key: wish.key,
                setting: wish.setting,
                target: Target::Boot,
                before: wish.before,
                after: Some(wish.value.to_string()),
                why: wish.why,
                profile: wish.profile,
            }),
            Err(refusal) => plan.refused.push(refusal),
        }
    }
    order::sort(&mut plan.changes);
    // A stable sort: what is live comes first, then what the next boot sets.
    plan.changes.sort_by_key(|change| change.target == Target::Boot);
}

pub(super) fn refusal(key: &Key, obstacle: Obstacle, reason: String) -> Refusal {
    Refusal { key: key.clone(), target: Target::Boot, obstacle, reason }
}

fn wish(host: &Host, finding: &Finding<'_>) -> Result<Wish, Refusal> {
    let rule = finding.rule.rule;
    let Some(value) = finding.proposed_boot.clone() else {
        let reason =
            finding.reason.clone().unwrap_or_else(|| "a file sets it, and it is not to be set".into());
        return Err(refusal(&rule.key, Obstacle::Unacceptable, reason));
    };
    if let Some(why) = draw::refused_by(host, rule.setting, &value) {
        return Err(refusal(&rule.key, Obstacle::Unacceptable, why));
    }
    Ok(Wish {
        key: rule.key.clone(),
        setting: rule.setting,
        value,
        before: finding.next_boot(host).state.value().map(str::to_owned),
        why: draw::why(host, rule),
        profile: finding.rule.profile().to_owned(),
    })
}

/// Whether it is the boot value of which nothing can be told, while the live one is there.
fn is_blocked_by_boot(host: &Host, report: &Report<'_>, key: &Key) -> bool {
    let in_doubt = |finding: &&Finding<'_>| {
        finding.rule.rule.key == *key && matches!(finding.status, Status::Unknown | Status::Unreadable)
    };
    report.findings.iter().find(in_doubt).is_some_and(|finding| {
        let boot = finding.next_boot(host).state;
        let is_told = matches!(boot, BootState::Present(_));
        finding.live.state.value().is_some() && finding.proposed.is_none() && !is_told
    })
}

/// Whether no file sets a value and the kernel's own is not known, while the live one is or is to be as it should.
fn is_open(host: &Host, finding: &Finding<'_>) -> bool {
    let unset = finding.next_boot(host).state == BootState::Default;
    let by_live = matches!(finding.status, Status::Unknown | Status::LiveDiffers);
    unset && by_live && default_value(finding.rule.rule.setting, host.version).is_none()
}

/// Ports that are reserved beside a port range stay reserved at the next boot.
fn reserve(plan: &Plan, wishes: &mut Vec<Wish>, snapshot: &Snapshot, next: &NextBoot, skip: &[Key]) {
    let Some(range) = wishes.iter().find(|wish| wish.key.as_str() == ports::RANGE) else { return };
    let Ok(key) = Key::parse(ports::RESERVED) else { return };
    let Some(setting) = catalogue::find(&key).filter(|_| !skip.contains(&key)) else { return };
    let planned = plan.changes.iter().find(|change| change.key == key && change.target == Target::Live);
    let live = match snapshot.get(&key).map(|reading| &reading.state) {
        Some(LiveState::Present(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(reserved) = planned.and_then(|change| change.after.clone()).or(live) else { return };
    let ports = |text: &str| PortSet::parse(text).unwrap_or_default();
    let asked = wishes.iter().find(|wish| wish.key == key).map(|wish| wish.value.to_string());
    let before = next.value(&key, setting).state;
    let at_boot = asked.or_else(|| before.value().map(str::to_owned)).unwrap_or_default();
    if ports(&at_boot).covers(&ports(&reserved)) {
        return;
    }
    let value = Value::Ports(ports(&at_boot).union(&ports(&reserved)));
    if let Some(at) = wishes.iter().position(|wish| wish.key == key) {
        wishes[at].value = value;
        return;
    }
    let why = "These ports are reserved, and the port range must leave them alone.".to_owned();
    let (profile, before) = (range.profile.clone(), before.value().map(str::to_owned));
    wishes.push(Wish { key, setting, value, before, why, profile });
}

/// What each file of a tree says, as a checksum: a plan holds as long as none of them changes.
#[must_use]
pub fn checksums(files: &BootFiles) -> BTreeMap<String, String> {
    let content = |content: &Content| match content {
        Content::Text(text) => super::checksum(text),
        other => format!("{other:?}"),
    };
    files.files.iter().map(|file| (file.path.clone(), content(&file.content))).collect()
}
