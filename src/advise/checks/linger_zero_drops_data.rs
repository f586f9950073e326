#![doc = include_str!("linger_zero_drops_data.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use std::collections::BTreeMap;

/// The check.
pub static CHECK: Check =
    Check { id: "linger-zero-drops-data", page: include_str!("linger_zero_drops_data.md") };

const RESETS: &str = "TcpExt.TCPAbortOnData";

/// Looks at the options of those that listen and of idle connections.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let mut by_process: BTreeMap<(u32, String), u32> = BTreeMap::new();
    for looked in
        view.traffic.looked.iter().filter(|looked| looked.options.linger.is_some_and(|time| time.is_zero()))
    {
        *by_process.entry((looked.process.pid, looked.process.to_string())).or_default() += 1;
    }
    by_process
        .into_iter()
        .map(|((_, process), sockets)| {
            Concern::of(&CHECK, Severity::Warning, process)
                .seen("sockets_with_linger_zero", sockets)
                .seen("closed_with_rst", view.traffic.counters.total(RESETS))
                .advise(
                    "take SO_LINGER out of the program: with a time of zero close() sends RST and drops what was not \
                     delivered, and the peer reads an error",
                )
                .advise("to have no TIME_WAIT let the other side close first, or use connections again")
                .advise("no help: any sysctl; nothing undoes a reset")
        })
        .collect()
}
