#![doc = include_str!("tw_reuse_without_timestamps.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::headroom::Reuse;

/// The check.
pub static CHECK: Check =
    Check { id: "tw-reuse-without-timestamps", page: include_str!("tw_reuse_without_timestamps.md") };

/// Looks at the setting here, and for destinations whose ports are not taken out of `TIME_WAIT` although they could be.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    if view.ports.reuse == Reuse::WithoutTimestamps {
        let reuse = view.traffic.number("net.ipv4.tcp_tw_reuse").unwrap_or_default();
        let severity = if reuse == 1 { Severity::Warning } else { Severity::Note };
        return vec![
            Concern::of(&CHECK, severity, "net.ipv4.tcp_timestamps")
                .seen("tcp_tw_reuse", reuse)
                .seen("tcp_timestamps", 0)
                .advise("set net.ipv4.tcp_timestamps = 1 (profile general): only then a port is taken out of TIME_WAIT")
                .advise("no help: tcp_tw_reuse or tcp_tw_reuse_delay alone"),
        ];
    }
    let all = view.traffic.sockets.destinations.iter().zip(view.headroom);
    all.filter(|(_, room)| room.reuse_fails)
        .map(|(destination, _)| {
            Concern::of(&CHECK, Severity::Warning, destination.route())
                .seen("time_wait", destination.time_wait)
                .seen("last_parity", destination.last_parity)
                .seen(
                    "timestamps",
                    "none by the peer, inferred: connect() passed over ports that it could have taken",
                )
                .advise("switch timestamps on at the server (Linux: net.ipv4.tcp_timestamps = 1)")
                .advise("keep connections open and use them again")
                .advise("no help: tcp_tw_reuse_delay")
        })
        .collect()
}
