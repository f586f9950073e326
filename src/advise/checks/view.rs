//! What the checks of sockets look at, and the words that they share.

use std::fmt::Display;

use crate::advise::Headroom;
use crate::advise::Ports;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::Traffic;

/// One network namespace, and what was worked out from it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What was seen.
    pub traffic: &'a Traffic,
    /// The ports that the kernel gives out.
    pub ports: &'a Ports,
    /// What each destination has left of them.
    pub headroom: &'a [Headroom],
}

impl View<'_> {
    /// A listener, as reports name it: where it is and whose it is.
    pub(super) fn listener(&self, at: usize) -> String {
        let place = self.traffic.sockets.listeners[at].local;
        match self.traffic.owner_of_listener(at) {
            Some(owner) => format!("{place}, {}", owner.process),
            None => place.to_string(),
        }
    }
}

impl Concern {
    /// One of which nothing is said yet.
    pub(super) fn of(check: &'static Check, severity: Severity, subject: impl Into<String>) -> Self {
        Self { check, severity, subject: subject.into(), evidence: Vec::new(), advice: Vec::new() }
    }

    /// Adds what was seen.
    pub(super) fn seen(mut self, name: &'static str, fact: impl Display) -> Self {
        self.evidence.push((name, fact.to_string()));
        self
    }

    /// Adds what to do, less good than what was added before.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }
}

/// An estimate: more places would only look exact.
pub(super) fn estimate(amount: f64) -> String {
    format!("{amount:.1}")
}

/// `28,232`.
pub(super) fn grouped(number: impl Into<u64>) -> String {
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
pub(super) fn per_second(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1} a second")
    } else {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are small")]
        let whole = rate.round() as u64;
        format!("{} a second", grouped(whole))
    }
}

/// A share in percent.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100) / whole.max(1)
}
