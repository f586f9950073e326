//! What the traffic of one network namespace means.

use crate::advise::checks;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::headroom::Headroom;
use crate::advise::headroom::Ports;
use crate::advise::headroom::headroom;
use crate::facts::Traffic;

/// What the traffic of one network namespace means.
#[derive(Debug)]
pub struct Diagnosis {
    /// What was seen.
    pub traffic: Traffic,
    /// The ports that the kernel gives out.
    pub ports: Ports,
    /// What each destination has left of them, in the order of the destinations.
    pub headroom: Vec<Headroom>,
    /// What the checks found, the worst first.
    pub concerns: Vec<Concern>,
    /// The profile for what this namespace does.
    pub choice: Choice,
}

/// The profile that fits, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub profile: &'static str,
    /// Why.
    pub why: String,
}

/// So many connections are a workload.
const BUSY: u64 = 100;

/// Works out what the traffic means.
#[must_use]
pub fn diagnose(traffic: Traffic) -> Diagnosis {
    let mut ports = Ports::of(&traffic);
    let headroom = headroom(&traffic, &mut ports);
    let concerns = checks::over_sockets(&View { traffic: &traffic, ports: &ports, headroom: &headroom });
    let choice = choose(&traffic);
    Diagnosis { traffic, ports, headroom, concerns, choice }
}

/// Chooses a profile by who begins the connections.
fn choose(traffic: &Traffic) -> Choice {
    let sockets = &traffic.sockets;
    let begun: u64 = sockets.destinations.iter().map(|destination| u64::from(destination.used())).sum();
    let accepted: u64 = sockets.listeners.iter().map(|listener| listener.connections.total()).sum();
    let (profile, why) = match (begun >= BUSY, accepted >= BUSY) {
        (true, true) => {
            ("reverse-proxy", format!("it accepts ({accepted} connections) and begins them ({begun})"))
        }
        (true, false) => {
            ("outbound", format!("it begins connections ({begun}) and accepts few ({accepted})"))
        }
        (false, true) => {
            ("web-server", format!("it accepts connections ({accepted}) and begins few ({begun})"))
        }
        (false, false) => {
            ("general", format!("it neither begins ({begun}) nor accepts ({accepted}) many connections"))
        }
    };
    Choice { profile, why }
}

impl Diagnosis {
    /// Whether something is wrong.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        self.concerns.iter().any(|concern| concern.severity < Severity::Note)
    }

    /// At most so many destinations, in the order in which they need attention: those that run out first, then those
    /// that keep the most ports.
    #[must_use]
    pub fn by_urgency(&self, most: usize) -> Vec<usize> {
        let destinations = &self.traffic.sockets.destinations;
        let mut order: Vec<usize> = (0..destinations.len()).collect();
        let urgency = |one: &usize, other: &usize| {
            let seconds = |at: usize| self.headroom[at].forecast.seconds_to_exhaustion.unwrap_or(f64::MAX);
            seconds(*one)
                .total_cmp(&seconds(*other))
                .then_with(|| destinations[*other].used().cmp(&destinations[*one].used()))
                .then_with(|| destinations[*one].peer.cmp(&destinations[*other].peer))
        };
        // Of hundreds of thousands only a few are wanted.
        if most < order.len() {
            order.select_nth_unstable_by(most, urgency);
            order.truncate(most);
        }
        order.sort_by(urgency);
        order
    }
}
