//! Tests of evidence, one file each, named after the fault that it finds; its manual page is beside it,
//! `time_wait_exhausts_ports.rs` and `time-wait-exhausts-ports.md`. A check returns faults and prints nothing; a line in
//! [`ALL`] makes it known to `explain`.

mod duplicate_assignment;
mod time_wait_exhausts_ports;

use crate::advise::Headroom;
use crate::advise::Ports;
use crate::facts::Boot;
use crate::facts::Evidence;
use crate::facts::Host;
use crate::facts::Loader;
use crate::facts::Snapshot;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Reading;

/// A check, apart from what it looks at.
#[derive(Debug)]
pub struct Check {
    /// Its name, in kebab-case.
    pub id: &'static str,
    /// Its manual page in Markdown: a title, one sentence, and the headings that every page has.
    pub page: &'static str,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something fails now, or within a minute.
    Critical,
    /// Something will fail, or fails now and then.
    Warning,
    /// Good to know; nothing is wrong.
    Notice,
}

impl Severity {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The check.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a destination, a process, a setting, a file.
    pub subject: String,
    /// What was seen, by name.
    pub evidence: Vec<(&'static str, Fact)>,
    /// What to do, the best first: the program, then settings.
    pub advice: Vec<String>,
    /// What that brings, in numbers where there are any.
    pub effect: Option<String>,
    /// What people try and what does not help.
    pub will_not_help: Vec<String>,
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// So many.
    Count(u64),
    /// So much: a rate, a time in seconds.
    Amount(f64),
    /// A value, a name.
    Text(String),
}

impl From<u32> for Fact {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<u64> for Fact {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<f64> for Fact {
    fn from(amount: f64) -> Self {
        Self::Amount(amount)
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Fault {
    /// A finding without anything said about it yet.
    #[must_use]
    pub fn of(check: &Check, severity: Severity, subject: impl Into<String>) -> Self {
        Self {
            check: check.id,
            severity,
            subject: subject.into(),
            evidence: Vec::new(),
            advice: Vec::new(),
            effect: None,
            will_not_help: Vec::new(),
        }
    }

    /// Adds what was seen.
    #[must_use]
    pub fn seen(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.evidence.push((name, fact.into()));
        self
    }

    /// Adds what to do, less good than what was added before.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// Says what following the advice brings.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = Some(effect.into());
        self
    }

    /// Adds what does not help.
    #[must_use]
    pub fn useless(mut self, what: impl Into<String>) -> Self {
        self.will_not_help.push(what.into());
        self
    }
}

/// What the checks of sockets look at: one network namespace, and what was worked out from it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What was seen.
    pub evidence: &'a Evidence,
    /// The ports that the kernel gives out.
    pub ports: &'a Ports,
    /// What each destination has left of them.
    pub headroom: &'a [Headroom],
}

/// What the checks of boot files look at.
#[derive(Clone, Copy, Debug)]
pub struct BootView<'a> {
    /// The files.
    pub files: &'a BootFiles,
    /// What each loader reads of them, in the order of [`Loader::ALL`].
    pub readings: &'a [Reading<'a>; 2],
    /// What the next boot makes of the settings that rules name.
    pub boot: &'a Boot,
    /// The host.
    pub host: &'a Host,
    /// Its live values.
    pub snapshot: &'a Snapshot,
}

impl<'a> BootView<'a> {
    /// What the host's own loader reads; systemd-sysctl's where the loader is not known.
    #[must_use]
    pub fn reading(&self) -> &'a Reading<'a> {
        match self.host.boot_loader.known() {
            Some(Loader::Procps) => &self.readings[1],
            Some(Loader::SystemdSysctl) | None => &self.readings[0],
        }
    }
}

/// A check of the files that set values at boot.
type OfFiles = fn(&BootView<'_>) -> Vec<Fault>;

static OF_FILES: &[OfFiles] = &[duplicate_assignment::run];

/// Everything that is wrong with the files that set values at boot, the worst first.
#[must_use]
pub fn of_files(view: &BootView<'_>) -> Vec<Fault> {
    let mut found: Vec<Fault> = OF_FILES.iter().flat_map(|run| run(view)).collect();
    found.sort_by_key(|fault| fault.severity);
    found
}

/// A check of one network namespace's sockets, counters and settings.
type OfSockets = (&'static Check, fn(&View<'_>) -> Vec<Fault>);

static OF_SOCKETS: &[OfSockets] = &[(&time_wait_exhausts_ports::CHECK, time_wait_exhausts_ports::run)];

/// Every check, by name.
pub static ALL: &[&Check] = &[&duplicate_assignment::CHECK, &time_wait_exhausts_ports::CHECK];

/// The check of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == name)
}

impl Check {
    /// The first line of its page behind the title: what it finds, in one sentence.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.page.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default()
    }
}

/// Everything that the checks find in one network namespace, the worst first.
#[must_use]
pub fn run(view: &View<'_>) -> Vec<Fault> {
    let mut found: Vec<Fault> = OF_SOCKETS.iter().flat_map(|(_, run)| run(view)).collect();
    found.sort_by_key(|fault| fault.severity);
    found
}

/// `28,232`.
fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate as people say it.
fn per_second(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1} a second")
    } else {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is small and positive"
        )]
        let whole = rate.round() as u64;
        format!("{} a second", grouped(whole))
    }
}
