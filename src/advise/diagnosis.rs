//! What the evidence of one network namespace means.

use crate::advise::checks;
use crate::advise::checks::Fault;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::headroom::Headroom;
use crate::advise::headroom::Ports;
use crate::advise::headroom::headroom;
use crate::facts::Evidence;

/// What the evidence of one network namespace means.
#[derive(Debug)]
pub struct Diagnosis {
    /// What was seen.
    pub evidence: Evidence,
    /// The ports that the kernel gives out.
    pub ports: Ports,
    /// What each destination has left of them, in the order of the destinations.
    pub headroom: Vec<Headroom>,
    /// What the checks found, the worst first.
    pub faults: Vec<Fault>,
}

/// Works out what the evidence means.
#[must_use]
pub fn diagnose(evidence: Evidence) -> Diagnosis {
    let mut ports = Ports::of(&evidence);
    let headroom = headroom(&evidence, &mut ports);
    let faults = checks::run(&View { evidence: &evidence, ports: &ports, headroom: &headroom });
    Diagnosis { evidence, ports, headroom, faults }
}

impl Diagnosis {
    /// Whether something is wrong.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        self.faults.iter().any(|fault| fault.severity < Severity::Notice)
    }

    /// The destinations in the order in which they need attention: those that run out first, then those that keep the
    /// most ports.
    #[must_use]
    pub fn by_urgency(&self) -> Vec<usize> {
        let destinations = &self.evidence.sockets.destinations;
        let mut order: Vec<usize> = (0..destinations.len()).collect();
        order.sort_by(|one, other| {
            let seconds = |at: usize| self.headroom[at].forecast.seconds_to_exhaustion.unwrap_or(f64::MAX);
            seconds(*one)
                .total_cmp(&seconds(*other))
                .then_with(|| destinations[*other].used().cmp(&destinations[*one].used()))
                .then_with(|| destinations[*one].peer.cmp(&destinations[*other].peer))
        });
        order
    }
}
