//! What a plan does to the next boot: lines of twtune's own file, and what to do about later lines of others.

use std::collections::BTreeMap;

use crate::advise::Finding;
use crate::advise::Report;
use crate::advise::Status;
use crate::facts::BootReading;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::FileLine;
use crate::facts::Host;
use crate::facts::LiveState;
use crate::facts::Loader;
use crate::facts::Snapshot;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::Reading;
use crate::facts::boot::comment_out;
use crate::facts::boot::default_value;
use crate::facts::boot::on_kernel;
use crate::plan::Change;
use crate::plan::DROP_IN;
use crate::plan::DropIn;
use crate::plan::DropInLine;
use crate::plan::Edit;
use crate::plan::Obstacle;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::Target;
use crate::plan::draw;
use crate::plan::may_be_taken_over;
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
    pub obstacle: Option<String>,
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
    reserve(plan, &mut wishes, snapshot, host, place, skip);
    if let (Some(why), false) = (&place.obstacle, wishes.is_empty()) {
        plan.refused.extend(wishes.iter().map(|wish| refusal(&wish.key, Obstacle::Permission, why.clone())));
        return;
    }
    let mut own = place.own.clone();
    for wish in &wishes {
        let (value, profile, why) = (wish.value.to_string(), wish.profile.clone(), wish.why.clone());
        own.lines.insert(wish.key.clone(), DropInLine { value, profile, why });
    }
    let mut files = place.files.clone().with(DROP_IN, own.text().unwrap_or_default());
    for wish in wishes {
        match win(&mut files, host, &wish, place.take_over, &mut plan.edits) {
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

fn refusal(key: &Key, obstacle: Obstacle, reason: String) -> Refusal {
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
fn reserve(
    plan: &Plan,
    wishes: &mut Vec<Wish>,
    snapshot: &Snapshot,
    host: &Host,
    place: &BootPlace<'_>,
    skip: &[Key],
) {
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
    let before = boot_value(place.files, host, &key, setting).state;
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

/// What this host's next boot makes of a setting; where its loader is not known, what the first that differs does.
fn boot_value(files: &BootFiles, host: &Host, key: &Key, setting: &Setting) -> BootValue {
    let value = |loader| Reading::new(files, loader).value(key);
    let (systemd, procps) = (value(Loader::SystemdSysctl), value(Loader::Procps));
    on_kernel(BootReading { systemd, procps }, setting, host.version).on(host.boot_loader)
}

/// Makes sure that our line wins over those of others.
fn win(
    files: &mut BootFiles,
    host: &Host,
    wish: &Wish,
    take_over: bool,
    edits: &mut Vec<Edit>,
) -> Result<(), Refusal> {
    let refuse = |reason: String| refusal(&wish.key, Obstacle::Unacceptable, reason);
    let loaders = host.boot_loader.known().map_or(Loader::ALL.to_vec(), |loader| vec![loader]);
    // Every turn takes one line of a file away.
    loop {
        let later = loaders.iter().find_map(|loader| {
            let systemd = Reading::new(files, *loader).value(&wish.key);
            let both = BootReading { systemd: systemd.clone(), procps: systemd };
            let value = on_kernel(both, wish.setting, host.version).systemd;
            let wins = value.state.value().and_then(|text| Value::parse(wish.setting.kind, text).ok());
            (wins.as_ref() != Some(&wish.value)).then_some((*loader, value))
        });
        let Some((loader, value)) = later else { return Ok(()) };
        let origin = match (&value.state, value.origin) {
            (BootState::Present(_), Some(origin)) if origin.file != DROP_IN => origin,
            (BootState::Unreadable(why) | BootState::Unknown(why), _) => return Err(refuse(why.clone())),
            _ => return Err(refuse(format!("{loader} would not set it from {DROP_IN}"))),
        };
        let theirs = value.state.value().unwrap_or_default().to_owned();
        if !take_over {
            return Err(refuse(format!(
                "{origin} sets it to `{theirs}` and is read later; `--take-over` comments that line out"
            )));
        }
        let found = take(files, &origin, &wish.key, loader, edits);
        *files = found
            .map_err(|why| refuse(format!("{origin} sets it to `{theirs}` and is read later; {why}")))?;
    }
}

/// The files with a line of another's commented out, and that edit noted.
fn take(
    files: &BootFiles,
    origin: &FileLine,
    key: &Key,
    loader: Loader,
    edits: &mut Vec<Edit>,
) -> Result<BootFiles, String> {
    let reading = Reading::new(files, loader);
    let entry = reading.entries().find(|entry| entry.origin() == *origin);
    if entry.is_none_or(|entry| reading.name_of(entry).is_pattern()) {
        return Err("it is a pattern, which sets other settings as well".into());
    }
    let file = files.files.iter().find(|file| file.path == origin.file);
    let Some(file) = file else { return Err("it is no file that could be changed".into()) };
    let Content::Text(text) = &file.content else { return Err("it is no file that could be changed".into()) };
    let place = file.place().to_owned();
    if may_be_taken_over(&place) {
        note(edits, &place, &place, (origin.line, key), text);
        return Ok(files.clone().without(origin));
    }
    let (folder, name) = origin.file.rsplit_once('/').unwrap_or_default();
    let copy = format!("/etc/sysctl.d/{name}");
    // Of a vendor's, or one that is gone with the next boot: a file of the same name below /etc hides it.
    let hidden_by_etc = ["/usr/lib/sysctl.d", "/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/run/sysctl.d"];
    if !hidden_by_etc.contains(&folder) || !may_be_taken_over(&copy) {
        return Err("twtune does not write that file".into());
    }
    note(edits, &copy, &origin.file, (origin.line, key), text);
    Ok(files.clone().with(&copy, comment_out(text, origin.line)))
}

fn note(edits: &mut Vec<Edit>, path: &str, source: &str, (line, key): (usize, &Key), text: &[u8]) {
    match edits.iter_mut().find(|edit| edit.path == path) {
        Some(edit) => edit.lines.push((line, key.clone())),
        None => edits.push(Edit {
            path: path.into(),
            source: source.into(),
            lines: vec![(line, key.clone())],
            text: text.into(),
        }),
    }
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
