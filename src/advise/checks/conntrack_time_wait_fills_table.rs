#![doc = include_str!("conntrack_time_wait_fills_table.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::percent;
use crate::facts::State;

/// The check.
pub static CHECK: Check =
    Check { id: "conntrack-time-wait-fills-table", page: include_str!("conntrack_time_wait_fills_table.md") };

/// Looks at how full the connection tracking table is, and how full the present rate of closes makes it.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let number = |key: &str| view.traffic.number(key).and_then(|number| u64::try_from(number).ok());
    let (Some(now), Some(most)) =
        (number("net.netfilter.nf_conntrack_count"), number("net.netfilter.nf_conntrack_max"))
    else {
        return Vec::new();
    };
    let timeout = number("net.netfilter.nf_conntrack_tcp_timeout_time_wait").unwrap_or(120);
    // Nearly all of those that were closed in the last minute are in TIME_WAIT.
    let closes = u64::from(view.traffic.sockets.counts().of(State::TimeWait));
    let kept = closes.saturating_mul(timeout) / 60;
    let share = percent(now, most);
    let severity = match share {
        95.. => Severity::Error,
        80.. => Severity::Warning,
        _ if kept >= most && now > 0 => Severity::Warning,
        _ => return Vec::new(),
    };
    vec![
        Concern::of(&CHECK, severity, "net.netfilter.nf_conntrack_max")
            .seen("entries", now)
            .seen("limit", most)
            .seen("closes_in_a_minute", closes)
            .seen("entries_by_closes", kept)
            .seen("timeout_time_wait", timeout)
            .advise("do not track what needs no tracking (a notrack rule for this traffic): then it takes no entry at all")
            .advise(format!(
                "raise net.netfilter.nf_conntrack_max to {} (profiles outbound and nat-gateway), 256 bytes each and more",
                most.saturating_mul(2).max(262_144),
            ))
            .advise(
                "no help: tcp_fin_timeout, tcp_tw_reuse; the table has a clock of its own \
                 (nf_conntrack_tcp_timeout_time_wait), independent of the sockets",
            ),
    ]
}
