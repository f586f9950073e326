#![doc = include_str!("time_wait_table_full.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::grouped;
use crate::advise::checks::view::percent;

/// The check.
pub static CHECK: Check = Check { id: "time-wait-table-full", page: include_str!("time_wait_table_full.md") };

const OVERFLOWS: &str = "TcpExt.TCPTimeWaitOverflow";

/// Looks at how full the table is and at what it had no room for.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let counters = &view.traffic.counters;
    let Some(most) = view.traffic.number("net.ipv4.tcp_max_tw_buckets") else { return Vec::new() };
    // Below zero there is no limit.
    let Ok(most) = u64::try_from(most) else { return Vec::new() };
    let now = counters.total("TCP.tw");
    let overflows = counters.total(OVERFLOWS);
    let share = percent(now, most);
    let goes_on = counters.rate(OVERFLOWS).is_some_and(|rate| rate > 0.0);
    let severity = match share {
        _ if goes_on => Severity::Error,
        100.. => Severity::Error,
        80.. => Severity::Warning,
        _ if overflows > 0 => Severity::Note,
        _ => return Vec::new(),
    };
    let mut concern = Concern::of(&CHECK, severity, "net.ipv4.tcp_max_tw_buckets")
        .seen("time_wait", now)
        .seen("limit", most)
        .seen("closed_without_time_wait", overflows);
    if let Some(rate) = counters.rate(OVERFLOWS) {
        concern = concern.seen("closed_without_time_wait_per_second", super::view::estimate(rate));
    }
    let wanted = most.saturating_mul(2).max(262_144);
    vec![
        concern
            .advise("keep connections open and use them again, or let the other side close first")
            .advise(format!(
                "raise net.ipv4.tcp_max_tw_buckets to {} (profile outbound has at least 262,144): {} MiB if full, and none \
                 is closed without TIME_WAIT",
                grouped(wanted),
                wanted / 4096,
            ))
            .advise("no help: lowering it (20 to 40 % of the peers' FINs are then answered with RST)"),
    ]
}
