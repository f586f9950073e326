//! Holds rules against a host.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::advise::Finding;
use crate::advise::Overruled;
use crate::advise::Report;
use crate::advise::Status;
use crate::advise::allowed::Allowed;
use crate::facts::BootLoader;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::LiveState;
use crate::facts::Os;
use crate::facts::Snapshot;
use crate::profile::Constraint;
use crate::profile::MOST_PROBLEMS;
use crate::profile::Outcome;
use crate::profile::Problem;
use crate::profile::RankedRule;
use crate::setting::DefaultValue;
use crate::setting::Effect;
use crate::setting::Key;
use crate::setting::RegistryValue;
use crate::setting::Scope;
use crate::setting::Setting;
use crate::setting::Value;

/// Who overrules a rule is told this many times, the strongest first: two profiles full of rules about one setting
/// would fill a disk.
const MOST_WINNERS: usize = 10;

/// What a rule wants of a setting that is there.
#[derive(Clone)]
enum Wish {
    Gone,
    Within(Allowed),
}

impl Wish {
    fn of(rule: &RankedRule<'_>, host: &Host) -> Result<Self, &'static str> {
        match &rule.rule.constraint {
            Constraint::Absent => Ok(Self::Gone),
            constraint => Allowed::by(constraint, rule.rule.setting, host).map(Self::Within),
        }
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Gone, Self::Gone) => Some(Self::Gone),
            (Self::Within(mine), Self::Within(theirs)) => mine.meet(theirs).map(Self::Within),
            _ => None,
        }
    }

    fn holds(&self, value: &Value) -> bool {
        matches!(self, Self::Within(allowed) if allowed.holds(value))
    }
}

/// Holds every rule against the host. The rules come with those that win first.
///
/// # Errors
/// Rules of equal rank that cannot both hold on this host.
pub fn judge<'a>(
    host: &Host,
    rules: &[RankedRule<'a>],
    snapshot: &Snapshot,
) -> Result<Report<'a>, Vec<Problem>> {
    let mut report = Report::default();
    let mut wishes: BTreeMap<&Key, Wishes<'a>> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for rule in rules {
        let live = snapshot.get(&rule.rule.key).cloned().unwrap_or(LiveReading {
            state: LiveState::Unreadable("it was not looked at".into()),
            writable: None,
            newer_than_boot: false,
        });
        let mut finding = Finding { rule: *rule, status: Status::Ok, reason: None, live, proposed: None };
        match see(host, rule, &finding.live) {
            Err((status, reason)) => (finding.status, finding.reason) = (status, reason),
            Ok(seen) => match Wish::of(rule, host) {
                Err(reason) => {
                    (finding.status, finding.reason) = (Status::Unknown, Some(reason.into()));
                }
                Ok(wish) => {
                    let wishes = wishes.entry(&rule.rule.key).or_insert_with(|| Wishes::new(seen));
                    match wishes.add(*rule, wish, report.findings.len()) {
                        Verdict::Joined => {}
                        Verdict::Overruled(winner) => {
                            report.overruled.push(Overruled { rule: *rule, winner });
                            continue;
                        }
                        Verdict::Conflict(other) => {
                            if conflicts.len() < MOST_PROBLEMS {
                                conflicts.push(conflict(rule, &other));
                            }
                            continue;
                        }
                    }
                }
            },
        }
        report.findings.push(finding);
    }
    for wishes in wishes.values() {
        wishes.settle(&mut report.findings);
    }
    if conflicts.is_empty() { Ok(report) } else { Err(conflicts) }
}

/// What is wrong with rules whatever the host: those of equal rank that cannot both hold, and those that are
/// overruled wherever they and the stronger rule both count.
#[must_use]
pub fn lint<'a>(rules: &[RankedRule<'a>]) -> (Vec<Problem>, Vec<Overruled<'a>>) {
    let nowhere = Host {
        name: String::new(),
        os: Os::Linux,
        kernel: String::new(),
        version: None,
        memory: None,
        processors: None,
        initial: true,
        boot_loader: BootLoader::Unknown,
        identity: None,
    };
    let (mut problems, mut overruled) = (Vec::new(), Vec::new());
    let mut before: BTreeMap<&Key, Vec<(&RankedRule<'a>, Wish)>> = BTreeMap::new();
    for rule in rules {
        // A share of memory is not known here; `judge` will see.
        let Ok(mine) = Wish::of(rule, &nowhere) else { continue };
        let others = before.entry(&rule.rule.key).or_default();
        let mut lost = 0;
        for (other, theirs) in &*others {
            let apart = match (&rule.rule.when, &other.rule.when) {
                (Some(mine), Some(theirs)) => mine.excludes(theirs),
                _ => false,
            };
            if apart || mine.meet(theirs).is_some() {
                continue;
            }
            if rule.precedence(other) == Ordering::Less {
                lost += 1;
                if lost <= MOST_WINNERS {
                    overruled.push(Overruled { rule: *rule, winner: **other });
                }
            } else if problems.len() < MOST_PROBLEMS {
                problems.push(conflict(rule, other));
            }
        }
        others.push((rule, mine));
    }
    (problems, overruled)
}

fn conflict(rule: &RankedRule<'_>, other: &RankedRule<'_>) -> Problem {
    let (mine, theirs) = (rule.profile(), other.profile());
    if mine == theirs {
        return rule.problem(format!(
            "{} cannot be {} and {}, as two rules of {mine} want it",
            rule.rule.key, rule.rule.constraint, other.rule.constraint,
        ));
    }
    rule.problem(format!(
        "{} cannot be {} for {} and {} for {}: neither profile extends the other",
        rule.rule.key,
        rule.rule.constraint,
        rule.profile(),
        other.rule.constraint,
        other.profile(),
    ))
}

/// What the rules about a setting are held against.
struct Seen {
    /// The value that counts; None for a rule that wants the key gone while it is there.
    value: Option<Value>,
    /// Whether what is there will not do, whatever value it stands for.
    unfit: bool,
    /// Whether it may not be in use before the next boot.
    pending: bool,
    /// Whether it can be taken away.
    removable: bool,
    /// What there is to say of it besides.
    note: Option<String>,
}

/// All that the rules want of one setting.
struct Wishes<'a> {
    seen: Seen,
    joined: Vec<(RankedRule<'a>, Wish, usize)>,
    together: Option<Wish>,
}

enum Verdict<'a> {
    Joined,
    Overruled(RankedRule<'a>),
    Conflict(RankedRule<'a>),
}

impl<'a> Wishes<'a> {
    fn new(seen: Seen) -> Self {
        Self { seen, joined: Vec::new(), together: None }
    }

    fn add(&mut self, rule: RankedRule<'a>, wish: Wish, finding: usize) -> Verdict<'a> {
        let together = self.together.as_ref().map_or(Some(wish.clone()), |together| together.meet(&wish));
        if together.is_some() {
            self.together = together;
            self.joined.push((rule, wish, finding));
            return Verdict::Joined;
        }
        // Those that it cannot stand beside; where it takes several to exclude it, all of them.
        let mut against: Vec<RankedRule<'a>> = self
            .joined
            .iter()
            .filter(|(_, other, _)| other.meet(&wish).is_none())
            .map(|(rule, ..)| *rule)
            .collect();
        if against.is_empty() {
            against = self.joined.iter().map(|(rule, ..)| *rule).collect();
        }
        match against.iter().find(|other| other.precedence(&rule) == Ordering::Greater) {
            Some(winner) => Verdict::Overruled(*winner),
            None => Verdict::Conflict(against[0]),
        }
    }

    /// Gives every finding its verdict, and those that differ the value that meets them all.
    fn settle(&self, findings: &mut [Finding<'a>]) {
        for (_, wish, at) in &self.joined {
            let finding = &mut findings[*at];
            let Seen { unfit, pending, removable, note, .. } = &self.seen;
            match (&self.seen.value, &self.together) {
                (None, _) => {
                    finding.status = Status::LiveDiffers;
                    finding.reason = (!removable).then(|| "a live setting cannot be removed".into());
                }
                (Some(value), Some(Wish::Within(allowed))) if *unfit || !wish.holds(value) => {
                    finding.status = Status::LiveDiffers;
                    finding.reason.clone_from(note);
                    finding.proposed = Some(allowed.nearest(value));
                }
                _ if *pending => {
                    finding.status = Status::PendingReboot;
                    finding.reason = Some(PENDING.into());
                }
                _ => finding.status = Status::Ok,
            }
        }
    }
}

const PENDING: &str = "it was written after the last boot, and may not be in use before the next one";

/// What to hold the rule against.
///
/// # Errors
/// The verdict, where there is nothing to compare.
fn see(host: &Host, rule: &RankedRule<'_>, live: &LiveReading) -> Result<Seen, (Status, Option<String>)> {
    let setting = rule.rule.setting;
    match rule.rule.when.as_ref().map(|when| when.on(host)) {
        Some(Outcome::NotMet(why)) => return Err((Status::NotApplicable, Some(why))),
        Some(Outcome::Unknown(why)) => return Err((Status::Unknown, Some(why))),
        Some(Outcome::Met) | None => {}
    }
    if setting.scope != Scope::Netns && !host.initial {
        let why = "it belongs to the machine, not to this network namespace";
        return Err((Status::NotApplicable, Some(why.into())));
    }
    let gone = rule.rule.constraint == Constraint::Absent;
    let pending = live.newer_than_boot && setting.effect == Effect::AfterReboot;
    let removable = setting.may_be_absent();
    let seen = |value| Seen { value, unfit: false, pending, removable, note: None };
    match &live.state {
        LiveState::Absent if gone && pending => Err((Status::PendingReboot, Some(PENDING.into()))),
        LiveState::Absent if gone => Err((Status::Ok, None)),
        LiveState::Absent if removable => Ok(match default_value(host, setting) {
            Some(value) => {
                let note = format!("it is absent, and {} uses its default, {value}", setting.os().title());
                Seen { note: Some(note), ..seen(Some(value)) }
            }
            None => Seen { note: Some("it is absent".into()), unfit: true, ..seen(Some(zero())) },
        }),
        LiveState::Absent => {
            let why = host.version.and_then(|version| setting.missing_in(version));
            let why =
                why.unwrap_or_else(|| "this kernel does not have it, or its module is not loaded".into());
            Err((Status::NotApplicable, Some(why)))
        }
        LiveState::Unreadable(why) => Err((Status::Unreadable, Some(why.clone()))),
        LiveState::Present(_) if gone => Ok(seen(None)),
        LiveState::Present(text) => match Value::parse(setting.kind, text) {
            Ok(value) => match unfit(host, setting, &value) {
                Some(note) => {
                    let value = default_value(host, setting).unwrap_or_else(zero);
                    Ok(Seen { note: Some(note), unfit: true, ..seen(Some(value)) })
                }
                None => Ok(seen(Some(value))),
            },
            Err(_) if removable => {
                let (value, note) = mistyped(host, setting, text);
                Ok(Seen { note: Some(note), unfit: true, ..seen(Some(value)) })
            }
            Err(why) => Err((Status::Unknown, Some(format!("its value was not understood: {why}")))),
        },
    }
}

/// What a registry value whose type is not the setting's stands for, and what there is to say of it. Where it says a
/// number all the same, that is what was meant.
fn mistyped(host: &Host, setting: &Setting, text: &str) -> (Value, String) {
    let found = RegistryValue::parse(text);
    let meant = found.as_ref().and_then(RegistryValue::number).map(|n| Value::Numbers(vec![n.into()]));
    let meant = meant.filter(|value| unfit(host, setting, value).is_none());
    let value = meant.or_else(|| default_value(host, setting)).unwrap_or_else(zero);
    (value, format!("it is `{text}`, and a REG_DWORD belongs here"))
}

/// Why a value that is there will not do. Linux refuses such a value when it is written; the registry takes all.
fn unfit(host: &Host, setting: &Setting, value: &Value) -> Option<String> {
    let accept = setting.accepts_in(host.version?).filter(|_| setting.may_be_absent())?;
    let why = accept.refuses(value)?;
    Some(format!("{why}, and no document says what {} does with it", setting.os().title()))
}

/// What the system uses where a value is absent, as far as that is known.
fn default_value(host: &Host, setting: &Setting) -> Option<Value> {
    match host
        .version
        .map_or_else(|| setting.defaults.last().map(|(_, fact)| fact), |v| setting.default_in(v))
    {
        Some(DefaultValue::Is(text)) => Value::parse(setting.kind, text).ok(),
        _ => None,
    }
}

/// What a proposal starts from where nothing better is known.
fn zero() -> Value {
    Value::Numbers(vec![0])
}
