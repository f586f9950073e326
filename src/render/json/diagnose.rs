//! `twtune.diagnose/1`. There can be hundreds of thousands of destinations, so lists are written as they are made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;
use serde::Serializer;

use crate::advise::Diagnosis;
use crate::advise::Headroom;
use crate::advise::checks::Concern;
use crate::facts::Counts;
use crate::facts::Destination;
use crate::facts::Host;
use crate::facts::State;
use crate::render::json::host::HostReport;
use crate::render::json::lab::experiments;
use crate::render::json::write;

#[derive(Serialize)]
struct DiagnoseReport<'a> {
    schema: &'static str,
    host: HostReport,
    namespaces: Vec<NamespaceReport<'a>>,
}

#[derive(Serialize)]
struct NamespaceReport<'a> {
    id: Option<&'a str>,
    name: &'a str,
    partial: bool,
    sockets: BTreeMap<&'static str, u32>,
    families: BTreeMap<&'static str, BTreeMap<&'static str, u32>>,
    ports: PortsReport,
    #[serde(serialize_with = "one_by_one")]
    destinations: RefCell<Option<Box<dyn Iterator<Item = DestinationReport> + 'a>>>,
    listeners: Vec<ListenerReport>,
    unknown: BTreeMap<&'static str, u32>,
    owners: Vec<OwnerReport<'a>>,
    counters: BTreeMap<&'a str, CounterReport>,
    findings: Vec<ConcernReport<'a>>,
    profile: ChoiceReport<'a>,
    not_seen: &'a [String],
}

#[derive(Serialize)]
struct PortsReport {
    low: u16,
    high: u16,
    reserved: u32,
    available: u32,
    blocked: u32,
}

#[derive(Serialize)]
struct DestinationReport {
    source: String,
    address: String,
    port: u16,
    time_wait: u32,
    established: u32,
    other: u32,
    used: u32,
    headroom: u32,
    reusable: u32,
    last_parity: u32,
    bound: bool,
    hidden: bool,
    rate: Option<f64>,
    sustainable_rate: Option<f64>,
    seconds_to_exhaustion: Option<f64>,
}

#[derive(Serialize)]
struct ListenerReport {
    address: String,
    port: u16,
    waiting: u32,
    backlog: u32,
    connections: BTreeMap<&'static str, u32>,
}

#[derive(Serialize)]
struct OwnerReport<'a> {
    pid: u32,
    process: &'a str,
    unit: Option<String>,
    age_seconds: Option<u64>,
    sockets: BTreeMap<&'static str, u32>,
    oldest_close_wait_seconds: Option<u64>,
}

#[derive(Serialize)]
struct CounterReport {
    total: u64,
    rate: Option<f64>,
}

#[derive(Serialize)]
struct ChoiceReport<'a> {
    name: &'static str,
    why: &'a str,
}

#[derive(Serialize)]
pub(super) struct ConcernReport<'a> {
    check: &'static str,
    severity: &'static str,
    subject: &'a str,
    evidence: BTreeMap<&'static str, &'a str>,
    advice: &'a [String],
    experiments: Vec<&'static str>,
}

impl<'a> ConcernReport<'a> {
    pub(super) fn of(concern: &'a Concern) -> Self {
        Self {
            check: concern.check.id,
            severity: concern.severity.name(),
            subject: &concern.subject,
            evidence: concern.evidence.iter().map(|(name, seen)| (*name, seen.as_str())).collect(),
            advice: &concern.advice,
            experiments: experiments(concern.check.id),
        }
    }
}

/// Estimates to three places: more would only look exact.
fn rounded(amount: f64) -> f64 {
    (amount * 1000.0).round() / 1000.0
}

fn by_state(counts: &Counts) -> BTreeMap<&'static str, u32> {
    let there = State::ALL.iter().filter(|state| counts.of(**state) > 0);
    there.map(|state| (state.name(), counts.of(*state))).collect()
}

impl DestinationReport {
    fn of(destination: &Destination, room: &Headroom) -> Self {
        let forecast = &room.forecast;
        Self {
            source: destination.source.to_string(),
            address: destination.peer.address.to_string(),
            port: destination.peer.port,
            time_wait: destination.time_wait,
            established: destination.established,
            other: destination.other,
            used: destination.used(),
            headroom: room.headroom,
            reusable: forecast.reusable,
            last_parity: destination.last_parity,
            bound: room.bound,
            hidden: room.hidden,
            rate: Some(rounded(forecast.rate)),
            sustainable_rate: Some(rounded(forecast.sustainable)),
            seconds_to_exhaustion: forecast.seconds_to_exhaustion.map(rounded),
        }
    }
}

impl<'a> NamespaceReport<'a> {
    fn of(found: &'a Diagnosis) -> Self {
        let traffic = &found.traffic;
        let (sockets, ports) = (&traffic.sockets, &found.ports);
        let order = found.by_urgency(usize::MAX).into_iter();
        let destinations =
            order.map(|at| DestinationReport::of(&sockets.destinations[at], &found.headroom[at]));
        Self {
            id: traffic.id.as_deref(),
            name: &traffic.name,
            partial: traffic.partial,
            sockets: by_state(&sockets.counts()),
            families: [("ipv4", by_state(&sockets.v4)), ("ipv6", by_state(&sockets.v6))].into(),
            ports: PortsReport {
                low: ports.range.low,
                high: ports.range.high,
                reserved: ports.reserved,
                available: ports.available,
                blocked: ports.blocked,
            },
            destinations: RefCell::new(Some(Box::new(destinations))),
            listeners: sockets
                .listeners
                .iter()
                .map(|listener| ListenerReport {
                    address: listener.local.address.to_string(),
                    port: listener.local.port,
                    waiting: listener.waiting,
                    backlog: listener.backlog,
                    connections: by_state(&listener.connections),
                })
                .collect(),
            unknown: by_state(&sockets.unknown),
            owners: traffic
                .owners
                .iter()
                .map(|owner| OwnerReport {
                    pid: owner.process.pid,
                    process: &owner.process.name,
                    unit: owner.process.unit.as_ref().map(ToString::to_string),
                    age_seconds: owner.process.age.map(|age| age.as_secs()),
                    sockets: by_state(&owner.sockets),
                    oldest_close_wait_seconds: owner.oldest_close_wait,
                })
                .collect(),
            counters: traffic
                .counters
                .totals
                .iter()
                .map(|(name, total)| {
                    let rate = traffic.counters.rate(name).map(rounded);
                    (name.as_str(), CounterReport { total: *total, rate })
                })
                .collect(),
            findings: found.concerns.iter().map(ConcernReport::of).collect(),
            profile: ChoiceReport { name: found.choice.profile, why: &found.choice.why },
            not_seen: &traffic.not_seen,
        }
    }
}

/// Writes what an iterator gives, which is used up by it.
fn one_by_one<'a, S: Serializer>(
    items: &RefCell<Option<Box<dyn Iterator<Item = DestinationReport> + 'a>>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.borrow_mut().take().into_iter().flatten())
}

/// Writes what the evidence means.
///
/// # Errors
/// The writer's.
pub fn diagnose(out: &mut dyn Write, host: &Host, found: &[Diagnosis]) -> io::Result<()> {
    let namespaces = found.iter().map(NamespaceReport::of).collect();
    write(out, &DiagnoseReport { schema: "twtune.diagnose/1", host: HostReport::of(host), namespaces })
}
