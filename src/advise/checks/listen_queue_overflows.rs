#![doc = include_str!("listen_queue_overflows.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::estimate;
use crate::advise::checks::view::grouped;

/// The check.
pub static CHECK: Check =
    Check { id: "listen-queue-overflows", page: include_str!("listen_queue_overflows.md") };

const OVERFLOWS: &str = "TcpExt.ListenOverflows";

/// Looks for full queues now, and at what full queues have cost.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let counters = &view.traffic.counters;
    let (total, rate) = (counters.total(OVERFLOWS), counters.rate(OVERFLOWS));
    let listeners = view.traffic.sockets.listeners.iter().enumerate();
    // The kernel lets one more wait than the backlog says. Where it is not known it shows as 0.
    let full = listeners.filter(|(_, one)| one.backlog > 0 && one.waiting > one.backlog);
    let mut found: Vec<Concern> = full
        .map(|(at, listener)| {
            let concern = Concern::of(&CHECK, Severity::Error, view.listener(at))
                .seen("waiting", listener.waiting)
                .seen("backlog", listener.backlog)
                .seen("overflows", total);
            let concern = match rate {
                Some(rate) => concern.seen("overflows_per_second", estimate(rate)),
                None => concern,
            };
            advise(
                concern,
                &format!("up to 4,097 connections then wait, {} now", grouped(listener.backlog + 1)),
            )
        })
        .collect();
    let goes_on = rate.is_some_and(|rate| rate > 0.0);
    if found.is_empty() && (goes_on || total > 0) {
        let severity = if goes_on { Severity::Error } else { Severity::Note };
        let mut concern =
            Concern::of(&CHECK, severity, "a listener, full now and then").seen("overflows", total);
        if let Some(rate) = rate {
            concern = concern.seen("overflows_per_second", estimate(rate));
        }
        found.push(advise(concern, "up to 4,097 connections then wait"));
    }
    found
}

fn advise(concern: Concern, effect: &str) -> Concern {
    concern
        .advise("accept faster: more workers, nothing slow between two calls of accept()")
        .advise(format!(
            "ask for a longer backlog in the program (nginx: listen ... backlog=4096), with net.core.somaxconn at least as \
             large (profile web-server), and restart it: {effect}; more than that are dropped"
        ))
        .advise("no help: tcp_abort_on_overflow (harms clients), tcp_max_syn_backlog (another queue), syncookies")
}
