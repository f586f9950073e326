#![doc = include_str!("server_closes_first.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::grouped;
use crate::facts::State;

/// The check.
pub static CHECK: Check = Check { id: "server-closes-first", page: include_str!("server_closes_first.md") };

/// Fewer are not worth a word.
const MANY: u32 = 1000;

/// Looks for listeners whose connections were closed here first.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let listeners = view.traffic.sockets.listeners.iter().enumerate();
    let many = listeners.filter(|(_, listener)| listener.connections.of(State::TimeWait) >= MANY);
    many.map(|(at, listener)| {
        let waits = listener.connections.of(State::TimeWait);
        Concern::of(&CHECK, Severity::Note, view.listener(at))
            .seen("time_wait", waits)
            .advise(format!(
                "leave it: accepting takes no port, and {} TIME_WAIT are {} KiB",
                grouped(waits),
                grouped(waits / 4),
            ))
            .advise("where they must not be here, let the client close first (the protocol ends with the server's last word)")
            .advise("no help: tcp_tw_reuse; it is for connect() only")
    })
    .collect()
}
