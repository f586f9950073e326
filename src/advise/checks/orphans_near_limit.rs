#![doc = include_str!("orphans_near_limit.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::grouped;
use crate::advise::checks::view::percent;

/// The check.
pub static CHECK: Check = Check { id: "orphans-near-limit", page: include_str!("orphans_near_limit.md") };

const ABORTED: &str = "TcpExt.TCPAbortOnMemory";

/// Looks at the machine's orphans, which every namespace shows, and its limit, which only the initial one has.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let counters = &view.traffic.counters;
    let orphans = counters.total("TCP.orphan");
    let most = view.traffic.number("net.ipv4.tcp_max_orphans").and_then(|most| u64::try_from(most).ok());
    let share = most.map_or(0, |most| percent(orphans, most));
    let aborted = counters.total(ABORTED);
    let severity = match share {
        90.. => Severity::Error,
        50.. => Severity::Warning,
        _ if counters.rate(ABORTED).is_some_and(|rate| rate > 0.0) => Severity::Error,
        _ if aborted > 0 => Severity::Note,
        _ => return Vec::new(),
    };
    let mut concern = Concern::of(&CHECK, severity, "net.ipv4.tcp_max_orphans")
        .seen("orphans", orphans)
        .seen("reset_for_want_of_room", aborted);
    if let Some(most) = most {
        concern = concern.seen("limit", most);
    }
    let concern = concern.advise(
        "find who closes with data unsent to peers that do not read: `ss -tanp state fin-wait-1` lists the peers",
    );
    vec![
        match most {
            Some(most) => concern.advise(format!(
                "raise net.ipv4.tcp_max_orphans to {}: each may keep up to 64 KiB; never lower it",
                grouped(most.saturating_mul(2)),
            )),
            None => concern,
        }
        .advise("no help: tcp_max_tw_buckets; TIME_WAIT is no orphan"),
    ]
}
