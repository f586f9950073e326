#![doc = include_str!("listener_without_reuseaddr.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::facts::Of;
use crate::facts::State;

/// The check.
pub static CHECK: Check =
    Check { id: "listener-without-reuseaddr", page: include_str!("listener_without_reuseaddr.md") };

/// Looks at the options of those that listen.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let mut found = Vec::new();
    for looked in view.traffic.looked.iter().filter(|looked| {
        looked.options.listens && !looked.options.reuse_address && !looked.options.reuse_port
    }) {
        let Of::Listener(at) = looked.of else { continue };
        let Some(listener) = view.traffic.sockets.listeners.get(at as usize) else { continue };
        let waits = listener.connections.of(State::TimeWait);
        let severity = if waits > 0 { Severity::Warning } else { Severity::Note };
        let subject = format!("{}, {}", listener.local, looked.process);
        let mut concern =
            Concern::of(&CHECK, severity, subject).seen("so_reuseaddr", "off").seen("time_wait", waits);
        if waits > 0 {
            concern = concern.advise(
                "do not restart it now: bind() fails until the last TIME_WAIT is over, a minute at the most",
            );
        }
        found.push(
            concern
                .advise(
                    "set SO_REUSEADDR before bind() in the program, and restart it once: the new run can bind at once only \
                     when the old one had it too",
                )
                .advise("no help: tcp_tw_reuse (connect() only), tcp_fin_timeout"),
        );
    }
    found
}
