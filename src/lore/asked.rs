//! What people type when something fails, and what answers it: messages, their codes, and short names.

/// The name of a page or a setting, and the words that it is asked by besides its own.
const ASKED: &[(&str, &str)] = &[
    ("bound-ports-exhaust-host", "EADDRINUSE 98 bind"),
    ("close-wait", "leak EMFILE descriptors, too many open files"),
    (
        "connection-tracking",
        "conntrack nf_conntrack ip_conntrack, table full, dropping packet, firewall, NAT",
    ),
    (
        "ephemeral-ports",
        "EADDRNOTAVAIL 99, Cannot assign requested address, port, ports, exhausted, WSAEADDRNOTAVAIL, \
         WSAENOBUFS 10055 WSAEADDRINUSE 10048 4227 4231, No buffer space available",
    ),
    ("fin-wait-2-piles-up", "FIN_WAIT2 FIN_WAIT_2"),
    ("half-open", "ETIMEDOUT, Connection timed out, EPIPE, Broken pipe, hang, hangs"),
    ("keepalive", "SO_KEEPALIVE keep-alive"),
    (
        "listen-queue",
        "backlog, Possible SYN flooding, Sending cookies, Dropping request, SYN_RECV, accept, listen",
    ),
    ("namespaces", "container containers docker podman kubernetes"),
    ("net.ipv4.tcp_congestion_control", "bbr cubic"),
    ("net.ipv4.tcp_max_orphans", "too many orphaned sockets, orphan orphans"),
    ("net.ipv4.tcp_mem", "out of memory, consider tuning tcp_mem"),
    ("so-linger", "ECONNRESET WSAECONNRESET 10054 RST, Connection reset by peer, linger"),
    (
        "so-reuseaddr",
        "EADDRINUSE 98, Address already in use, WSAEADDRINUSE 10048, SO_REUSEPORT reuseport, restart",
    ),
    ("states", "SYN_SENT ESTABLISHED FIN_WAIT_1 FIN_WAIT1 CLOSING LAST_ACK"),
    ("time-wait-table-full", "time wait bucket table overflow"),
    ("two-msl", "2MSL MSL"),
];

/// The words that a page or setting of this name is asked by.
pub(super) fn asked(name: &str) -> &'static str {
    ASKED.iter().find(|(of, _)| *of == name).map_or("", |(_, words)| words)
}

/// The names that have such words.
pub fn asked_names() -> impl Iterator<Item = &'static str> {
    ASKED.iter().map(|(name, _)| *name)
}
