//! Keys that guides still name and no kernel in use has any more.

use crate::setting::Key;

/// A key that is gone.
#[derive(Debug)]
pub struct Gone {
    /// The key; a `*` at its end stands for any ending.
    pub key: &'static str,
    /// Since when, and what there is instead.
    pub what: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

const TCP: &str = "tcp(7), man-pages 6.03";
const TABLES: &str = "net/ipv4/sysctl_net_ipv4.c (absent in 6.1 and 6.12)";
const CONNTRACK: &str = "https://docs.kernel.org/networking/nf_conntrack-sysctl.html";
const SCHEDULER: &str = "https://github.com/redhat-performance/tuned/pull/365";

const fn key(key: &'static str, what: &'static str, source: &'static str) -> Gone {
    Gone { key, what, source }
}

const GONE: &[Gone] = &[
    key("net.ipv4.tcp_abc", "Linux 2.6.15 to 3.8 had it", TCP),
    key("net.ipv4.tcp_bic*", "Linux to 2.6.13 had it; net.ipv4.tcp_congestion_control chooses", TCP),
    key(
        "net.ipv4.tcp_vegas_cong_avoid",
        "Linux to 2.6.13 had it; net.ipv4.tcp_congestion_control chooses",
        TCP,
    ),
    key("net.ipv4.tcp_westwood", "Linux to 2.6.13 had it; net.ipv4.tcp_congestion_control chooses", TCP),
    key("net.ipv4.tcp_frto_response", "no kernel in use has it; net.ipv4.tcp_frto remains", TABLES),
    key("net.ipv4.tcp_max_ssthresh", "no kernel in use has it", TABLES),
    key(
        "net.ipv4.tcp_cookie_size",
        "no kernel in use has it: what it governed was removed in Linux 3.10",
        TCP,
    ),
    key("net.ipv4.tcp_dma_copybreak", "no kernel in use has it", TABLES),
    key(
        "net.ipv4.tcp_thin_dupack",
        "no kernel in use has it; net.ipv4.tcp_thin_linear_timeouts remains",
        TABLES,
    ),
    key("net.ipv4.ip_conntrack_max", "its name is net.netfilter.nf_conntrack_max now", CONNTRACK),
    key("net.ipv4.netfilter.*", "its name begins with net.netfilter.nf_conntrack_ now", CONNTRACK),
    key("kernel.sched_latency_ns", "since Linux 5.13 it is below /sys/kernel/debug/sched", SCHEDULER),
    key("kernel.sched_migration_cost_ns", "since Linux 5.13 it is below /sys/kernel/debug/sched", SCHEDULER),
    key("kernel.sched_min_granularity_ns", "since Linux 5.13 it is below /sys/kernel/debug/sched", SCHEDULER),
    key(
        "kernel.sched_wakeup_granularity_ns",
        "since Linux 5.13 it is below /sys/kernel/debug/sched",
        SCHEDULER,
    ),
];

/// Every key that is gone. Those of the catalogue itself, such as `tcp_tw_recycle`, say it in their entry.
pub fn gone_settings() -> impl Iterator<Item = &'static Gone> {
    GONE.iter()
}

/// What became of a key that is gone.
#[must_use]
pub fn gone(key: &Key) -> Option<&'static Gone> {
    GONE.iter().find(|gone| match gone.key.strip_suffix('*') {
        Some(start) => key.as_str().starts_with(start),
        None => gone.key == key.as_str(),
    })
}
