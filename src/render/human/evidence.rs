//! The facts that a finding rests on, in words.

use crate::advise::checks::Concern;
use crate::render::escape;

/// What stands before and behind the fact of each name. Of those that are not listed the name itself stands before it.
const WORDS: &[(&str, &str, &str)] = &[
    ("backlog", "backlog ", ""),
    ("bound", "bound before connect(), ", ""),
    ("close_wait", "", " CLOSE_WAIT"),
    ("close_wait_here", "other ends here: ", " CLOSE_WAIT"),
    ("closed_with_rst", "", " closed with RST in this namespace"),
    ("closed_without_time_wait", "", " closed without TIME_WAIT"),
    ("closed_without_time_wait_per_second", "", " a second"),
    ("closes_in_a_minute", "", " closes in a minute"),
    ("destinations", "", " destinations"),
    ("entries", "", " entries"),
    ("entries_by_closes", "", " entries by closes"),
    ("fin_wait_2", "", " FIN_WAIT_2"),
    ("first_parity", "the ports that connect() takes first are ", ""),
    ("growing", "", ""),
    ("headroom", "", " free"),
    ("hides_until_then", "hides ", " until then"),
    ("last_parity", "", " of them on ports that connect() takes last"),
    ("memory_kib", "", " KiB of memory"),
    ("most", "most: ", ""),
    ("most_to_one_destination", "most to one destination: ", ""),
    ("not_listed", "", " not listed"),
    ("oldest_seconds", "the oldest for ", " s"),
    ("orphans", "", " orphans"),
    ("overflows", "", " overflows"),
    ("overflows_per_second", "", " a second"),
    ("ports", "", " ports in all"),
    ("procps", "procps: ", ""),
    ("rate", "", " new connections a second"),
    ("reset_for_want_of_room", "", " reset for want of room"),
    ("seconds_to_exhaustion", "used up in ", " s"),
    ("so_reuseaddr", "SO_REUSEADDR ", ""),
    ("sockets_with_linger_zero", "SO_LINGER with a time of zero on ", " of the sockets looked at"),
    ("somaxconn", "net.core.somaxconn ", ""),
    ("sustainable_rate", "at most ", " a second can last"),
    ("sustainable_rate_with_tw_reuse", "", " a second with tcp_tw_reuse"),
    ("systemd_sysctl", "systemd-sysctl: ", ""),
    ("tcp_fin_timeout", "net.ipv4.tcp_fin_timeout ", ""),
    ("tcp_timestamps", "net.ipv4.tcp_timestamps ", ""),
    ("tcp_tw_reuse", "net.ipv4.tcp_tw_reuse ", ""),
    ("time_wait", "", " TIME_WAIT"),
    ("timeout_time_wait", "each kept for ", " s"),
    ("timestamps", "timestamps: ", ""),
    ("used", "", " ports in use"),
    ("waiting", "", " waiting"),
    ("waits_for", "waits for ", ""),
    ("why", "", ""),
];

/// `160 FIN_WAIT_2, net.ipv4.tcp_fin_timeout 60`.
pub(super) fn evidence(concern: &Concern) -> String {
    let words = |(name, fact): &(&str, String)| {
        let fact = escape(fact);
        match WORDS.iter().find(|(known, ..)| known == name) {
            Some((_, before, behind)) => format!("{before}{fact}{behind}"),
            None => format!("{name} {fact}"),
        }
    };
    concern.evidence.iter().map(words).collect::<Vec<_>>().join(", ")
}
