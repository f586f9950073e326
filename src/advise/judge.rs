//! Holds rules against a host.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::advise::Finding;
use crate::advise::Overruled;
use crate::advise::Report;
use crate::advise::Status;
use crate::advise::Target;
use crate::advise::allowed::Allowed;
use crate::facts::Boot;
use crate::facts::BootLoader;
use crate::facts::BootReading;
use crate::facts::BootState;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::LiveState;
use crate::facts::Os;
use crate::facts::Snapshot;
use crate::facts::boot::default_value;
use crate::facts::boot::least_default;
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

    /// Whether a value is as it should be.
    fn holds(&self, value: &Value) -> bool {
        matches!(self, Self::Within(allowed) if allowed.holds(value))
    }

    /// Holds what was seen against the wish, and where it differs proposes what would meet all of them together.
    fn hold(&self, seen: &Seen, together: Option<&Self>) -> (Held, Option<Value>) {
        let (value, sight) = match seen {
            Seen::Unreadable(why) => return (Held::Unreadable(why.clone()), None),
            Seen::Unknown(why) => return (Held::Unknown(why.clone()), None),
            Seen::Nothing { pending: true } => return (Held::Pending, None),
            Seen::Nothing { pending: false } => return (Held::Met, None),
            Seen::Something { removable } => {
                let why = (!removable).then(|| "a live setting cannot be removed".into());
                return (Held::Differs(why), None);
            }
            Seen::Value(value, sight) => (value, sight),
        };
        match (self, together) {
            (Self::Within(allowed), _) if !sight.unfit && allowed.holds(value) => {
                (if sight.pending { Held::Pending } else { Held::Met }, None)
            }
            (_, Some(Self::Within(all))) => (Held::Differs(sight.note.clone()), Some(all.nearest(value))),
            _ => (Held::Differs(sight.note.clone()), None),
        }
    }
}

/// What was seen where a value should be.
enum Seen {
    /// Nothing, as it was wanted.
    Nothing {
        /// Whether something may be in use up to the next boot.
        pending: bool,
    },
    /// Something that was to be gone.
    Something {
        /// Whether it can be taken away.
        removable: bool,
    },
    /// A value that counts.
    Value(Value, Sight),
    Unreadable(String),
    Unknown(String),
}

/// What there is to say of a value.
#[derive(Default)]
struct Sight {
    /// Whether what is there will not do, whatever value it stands for.
    unfit: bool,
    /// Whether it may not be in use before the next boot.
    pending: bool,
    /// What there is to say of it besides.
    note: Option<String>,
}

/// What comes of holding a wish against a value.
enum Held {
    Met,
    Pending,
    Differs(Option<String>),
    Unreadable(String),
    Unknown(String),
}

/// Holds every rule against the values of a host that the target names. The rules come with those that win first.
///
/// # Errors
/// Rules of equal rank that cannot both hold on this host.
pub fn judge<'a>(
    host: &Host,
    rules: &[RankedRule<'a>],
    snapshot: &Snapshot,
    boot: &Boot,
    target: Target,
) -> Result<Report<'a>, Vec<Problem>> {
    let mut report = Report::default();
    let mut wishes: BTreeMap<&Key, Wishes<'a>> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for rule in rules {
        let key = &rule.rule.key;
        let live = snapshot.get(key).cloned().unwrap_or(LiveReading {
            state: LiveState::Unknown("it was not looked at".into()),
            writable: None,
            newer_than_boot: false,
        });
        let boot = boot.get(key).cloned().unwrap_or_else(|| BootReading::unknown("it was not looked at"));
        let mut finding = Finding {
            rule: *rule,
            status: Status::Ok,
            reason: None,
            live,
            boot,
            proposed: None,
            proposed_boot: None,
        };
        match applies(host, rule, &finding.live.state) {
            Err((status, reason)) => (finding.status, finding.reason) = (status, Some(reason)),
            Ok(()) => match Wish::of(rule, host) {
                Err(reason) => {
                    (finding.status, finding.reason) = (Status::Unknown, Some(reason.into()));
                }
                Ok(wish) => {
                    let wishes = wishes.entry(key).or_default();
                    match wishes.add(*rule, wish, report.findings.len()) {
                        Joining::Joined => {}
                        Joining::Overruled(winner) => {
                            report.overruled.push(Overruled { rule: *rule, winner });
                            continue;
                        }
                        Joining::Conflict(other) => {
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
        wishes.settle(host, target, &mut report.findings);
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

/// All that the rules want of one setting.
#[derive(Default)]
struct Wishes<'a> {
    joined: Vec<(RankedRule<'a>, Wish, usize)>,
    together: Option<Wish>,
}

enum Joining<'a> {
    Joined,
    Overruled(RankedRule<'a>),
    Conflict(RankedRule<'a>),
}

impl<'a> Wishes<'a> {
    fn add(&mut self, rule: RankedRule<'a>, wish: Wish, finding: usize) -> Joining<'a> {
        let together = self.together.as_ref().map_or(Some(wish.clone()), |together| together.meet(&wish));
        if together.is_some() {
            self.together = together;
            self.joined.push((rule, wish, finding));
            return Joining::Joined;
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
            Some(winner) => Joining::Overruled(*winner),
            None => Joining::Conflict(against[0]),
        }
    }

    /// Gives every finding its verdict, and those that differ the values that meet them all.
    fn settle(&self, host: &Host, target: Target, findings: &mut [Finding<'a>]) {
        let together = self.together.as_ref();
        for (rule, wish, at) in &self.joined {
            let finding = &mut findings[*at];
            let (live, proposed) = match target {
                Target::Boot => (Held::Met, None),
                Target::Live | Target::Both => wish.hold(&live_seen(host, rule, &finding.live), together),
            };
            let (boot, proposed_boot) = match target {
                Target::Live => (Held::Met, None),
                Target::Boot | Target::Both => {
                    wish.hold(&boot_seen(host, rule, wish, &finding.boot), together)
                }
            };
            (finding.proposed, finding.proposed_boot) = (proposed, proposed_boot);
            (finding.status, finding.reason) = match (live, boot) {
                (Held::Differs(why), Held::Differs(_)) => (Status::BothDiffer, why),
                (Held::Differs(why), _) => (Status::LiveDiffers, why),
                (_, Held::Differs(why)) => (Status::BootDiffers, why),
                (Held::Unreadable(why), _) | (_, Held::Unreadable(why)) => (Status::Unreadable, Some(why)),
                (Held::Unknown(why), _) | (_, Held::Unknown(why)) => (Status::Unknown, Some(why)),
                (Held::Pending, _) | (_, Held::Pending) => (Status::PendingReboot, Some(PENDING.into())),
                (Held::Met, Held::Met) => (Status::Ok, None),
            };
        }
    }
}

const PENDING: &str = "it was written after the last boot, and may not be in use before the next one";

/// Whether the rule concerns this host.
///
/// # Errors
/// The verdict, where it does not, or nobody can tell.
fn applies(host: &Host, rule: &RankedRule<'_>, live: &LiveState) -> Result<(), (Status, String)> {
    let setting = rule.rule.setting;
    match rule.rule.when.as_ref().map(|when| when.on(host)) {
        Some(Outcome::NotMet(why)) => return Err((Status::NotApplicable, why)),
        Some(Outcome::Unknown(why)) => return Err((Status::Unknown, why)),
        Some(Outcome::Met) | None => {}
    }
    if setting.scope != Scope::Netns && !host.initial {
        let why = "it belongs to the machine, not to this network namespace";
        return Err((Status::NotApplicable, why.into()));
    }
    if rule.rule.constraint == Constraint::Absent {
        return Ok(());
    }
    let missing = || host.version.and_then(|version| setting.missing_in(version));
    let why = match live {
        // The registry keeps what nothing reads.
        _ if setting.may_be_absent() => missing(),
        LiveState::Absent => Some(
            missing().unwrap_or_else(|| "this kernel does not have it, or its module is not loaded".into()),
        ),
        LiveState::Unknown(_) => missing(),
        LiveState::Present(_) | LiveState::Unreadable(_) => None,
    };
    why.map_or(Ok(()), |why| Err((Status::NotApplicable, why)))
}

/// The live value to hold the rule against.
fn live_seen(host: &Host, rule: &RankedRule<'_>, live: &LiveReading) -> Seen {
    let setting = rule.rule.setting;
    let gone = rule.rule.constraint == Constraint::Absent;
    let pending = live.newer_than_boot && setting.effect == Effect::AfterReboot;
    let removable = setting.may_be_absent();
    let sight = |note| Sight { unfit: false, pending, note };
    let unfit_for = |note| Sight { unfit: true, pending, note: Some(note) };
    match &live.state {
        LiveState::Absent if gone => Seen::Nothing { pending },
        LiveState::Absent => match absent_value(host, setting) {
            Some(value) => {
                let note = format!("it is absent, and {} uses its default, {value}", setting.os().title());
                Seen::Value(value, sight(Some(note)))
            }
            None => Seen::Value(zero(), unfit_for("it is absent".into())),
        },
        LiveState::Unreadable(why) => Seen::Unreadable(why.clone()),
        LiveState::Unknown(why) => Seen::Unknown(why.clone()),
        LiveState::Present(_) if gone => Seen::Something { removable },
        LiveState::Present(text) => match Value::parse(setting.kind, text) {
            Ok(value) => match unfit(host, setting, &value) {
                Some(note) => Seen::Value(absent_value(host, setting).unwrap_or_else(zero), unfit_for(note)),
                None => Seen::Value(value, sight(None)),
            },
            Err(_) if removable => {
                let (value, note) = mistyped(host, setting, text);
                Seen::Value(value, unfit_for(note))
            }
            Err(why) => not_understood(&why),
        },
    }
}

/// The boot value to hold the rule against.
fn boot_seen(host: &Host, rule: &RankedRule<'_>, wish: &Wish, boot: &BootReading) -> Seen {
    let setting = rule.rule.setting;
    let gone = rule.rule.constraint == Constraint::Absent;
    match boot.on(host.boot_loader).state {
        BootState::Default if gone => Seen::Nothing { pending: false },
        BootState::Default => match default_value(setting, host.version) {
            Some(value) => Seen::Value(value, Sight::default()),
            // That it is large enough can be known where its number is not.
            None => match least_default(setting, host.version, host.memory) {
                Some(least)
                    if matches!(rule.rule.constraint, Constraint::AtLeast(_)) && wish.holds(&least) =>
                {
                    Seen::Value(least, Sight::default())
                }
                _ => Seen::Unknown(
                    "no file sets it at boot, and what the kernel makes of it then is not known".into(),
                ),
            },
        },
        BootState::Unreadable(why) => Seen::Unreadable(why),
        BootState::Unknown(why) => Seen::Unknown(why),
        BootState::Present(_) if gone => Seen::Something { removable: true },
        BootState::Present(text) => match Value::parse(setting.kind, &text) {
            Ok(value) => Seen::Value(value, Sight::default()),
            Err(why) => not_understood(&why),
        },
    }
}

fn not_understood(why: &str) -> Seen {
    Seen::Unknown(format!("its value was not understood: {why}"))
}

/// What a registry value whose type is not the setting's stands for, and what there is to say of it. Where it says a
/// number all the same, that is what was meant.
fn mistyped(host: &Host, setting: &Setting, text: &str) -> (Value, String) {
    let found = RegistryValue::parse(text);
    let meant = found.as_ref().and_then(RegistryValue::number).map(|n| Value::Numbers(vec![n.into()]));
    let meant = meant.filter(|value| unfit(host, setting, value).is_none());
    let value = meant.or_else(|| absent_value(host, setting)).unwrap_or_else(zero);
    (value, format!("it is `{text}`, and a REG_DWORD belongs here"))
}

/// Why a value that is there will not do. Linux refuses such a value when it is written; the registry takes all.
fn unfit(host: &Host, setting: &Setting, value: &Value) -> Option<String> {
    let accept = setting.accepts_in(host.version?).filter(|_| setting.may_be_absent())?;
    let why = accept.refuses(value)?;
    Some(format!("{why}, and no document says what {} does with it", setting.os().title()))
}

/// What the system uses where a value is absent, as far as that is known.
fn absent_value(host: &Host, setting: &Setting) -> Option<Value> {
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
