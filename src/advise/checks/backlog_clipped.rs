#![doc = include_str!("backlog_clipped.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;

/// The check.
pub static CHECK: Check = Check { id: "backlog-clipped", page: include_str!("backlog_clipped.md") };

/// The value of a kernel that nobody tuned, since Linux 5.4.
const DEFAULT: u32 = 4096;

/// Looks for listeners whose backlog is what `somaxconn` allows, where that is little.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let limit = view.traffic.number("net.core.somaxconn").and_then(|limit| u32::try_from(limit).ok());
    let Some(limit) = limit.filter(|limit| *limit < DEFAULT) else { return Vec::new() };
    let overflows = view.traffic.counters.total("TcpExt.ListenOverflows");
    let listeners = view.traffic.sockets.listeners.iter().enumerate();
    let clipped = listeners.filter(|(_, listener)| listener.backlog == limit && limit > 0);
    clipped
        .map(|(at, listener)| {
            let busy = overflows > 0 || listener.waiting * 2 >= limit;
            let severity = if busy { Severity::Warning } else { Severity::Note };
            Concern::of(&CHECK, severity, view.listener(at))
                .seen("backlog", listener.backlog)
                .seen("somaxconn", limit)
                .seen("waiting", listener.waiting)
                .advise(format!(
                    "set net.core.somaxconn = {DEFAULT} (profile general), then restart or reload the program: it is read \
                     when a program listens; up to {DEFAULT} connections then wait, if it asks for so many"
                ))
                .advise("no help: a larger backlog in the program alone; the kernel takes the smaller of both")
        })
        .collect()
}
