//! The lines that everybody pastes, a setting's own in the order in which they matter.

use super::Advice;
use super::Values;
use super::Values::Above;
use super::Values::Any;
use super::Values::Below;
use super::Values::Is;
use super::Values::IsNot;
use super::Values::SecondAbove;
use super::Values::SecondBelow;
use super::Values::Word;
use super::Verdict;
use super::Verdict::Harmful;
use super::Verdict::Note;
use super::Verdict::Risky;
use super::Verdict::Useless;

const fn say(key: &'static str, values: Values, verdict: Verdict, why: &'static str) -> Advice {
    Advice { key, values, verdict, why }
}

/// What is to be said of each.
pub(super) const ADVICE: &[Advice] = &[
    say(
        "net.ipv4.tcp_tw_recycle",
        IsNot(0),
        Harmful,
        "It dropped clients behind NAT, it is gone since Linux 4.12, and a line that sets it makes `sysctl -p` return 1.",
    ),
    say(
        "net.ipv4.tcp_tw_recycle",
        Any,
        Useless,
        "It is gone since Linux 4.12, and a line that sets it makes `sysctl -p` return 1.",
    ),
    say(
        "net.ipv4.tcp_tw_reuse",
        Is(1),
        Note,
        "It helps programs that connect often to few destinations, and does nothing for servers or for bind().",
    ),
    say(
        "net.ipv4.tcp_tw_reuse",
        Is(0),
        Note,
        "Ports of closed connections are then not used again for a minute, also over loopback, where the default is to do so.",
    ),
    say(
        "net.ipv4.tcp_tw_reuse_delay",
        Below(1000),
        Risky,
        "Below the tick of the timestamp clock at the other end an old segment can pass for a new one.",
    ),
    say(
        "net.ipv4.tcp_fin_timeout",
        Above(60),
        Harmful,
        "Above 60 the wait is twice what exceeds 60: 61 lasts 2 seconds, 180 lasts 243, and TIME_WAIT is 60 whatever it says.",
    ),
    say(
        "net.ipv4.tcp_fin_timeout",
        Below(5),
        Harmful,
        "It resets peers that are slow to close, and TIME_WAIT is 60 seconds whatever it says.",
    ),
    say(
        "net.ipv4.tcp_fin_timeout",
        Below(60),
        Useless,
        "TIME_WAIT is 60 seconds by a constant of the kernel: this governs orphans in FIN_WAIT_2 only.",
    ),
    say(
        "net.ipv4.tcp_max_tw_buckets",
        Is(-1),
        Note,
        "It is no limit: 256 bytes for each TIME_WAIT, and no port is freed by it.",
    ),
    say(
        "net.ipv4.tcp_max_tw_buckets",
        Below(131_072),
        Harmful,
        "Past the limit there is no TIME_WAIT, and 20 to 40 % of the peers' FINs are answered by a reset.",
    ),
    say(
        "net.ipv4.tcp_max_tw_buckets",
        Any,
        Note,
        "Raising a limit that is never reached does nothing, and it does not cure port exhaustion.",
    ),
    say(
        "net.ipv4.tcp_max_orphans",
        Below(16384),
        Harmful,
        "Lowering it resets connections that only wait for their last segments.",
    ),
    say(
        "net.ipv4.tcp_max_orphans",
        Any,
        Note,
        "The default follows memory, and each orphan can hold 64 KiB.",
    ),
    say(
        "net.ipv4.ip_local_port_range",
        Below(1024),
        Harmful,
        "The kernel refuses a low end below ip_unprivileged_port_start, which is 1024.",
    ),
    say(
        "net.ipv4.ip_local_port_range",
        Below(15000),
        Risky,
        "Services that listen in it find their ports taken when they start: reserve them in ip_local_reserved_ports, or begin at 16384.",
    ),
    say(
        "net.ipv4.ip_autobind_reuse",
        Is(1),
        Risky,
        "Two programs can end up with the same port; IP_BIND_ADDRESS_NO_PORT in the program is the cure.",
    ),
    say(
        "net.ipv4.ip_nonlocal_bind",
        Is(1),
        Risky,
        "Without a floating address it hides that a program binds a wrong one.",
    ),
    say(
        "net.ipv4.tcp_max_syn_backlog",
        Any,
        Useless,
        "It is read only while tcp_syncookies is 0; otherwise the backlog of listen() bounds half-open connections.",
    ),
    say("net.ipv4.tcp_syncookies", Is(0), Harmful, "A SYN flood then fills a listener."),
    say(
        "net.ipv4.tcp_syncookies",
        Is(2),
        Harmful,
        "It is meant for tests and takes TCP options away from every client.",
    ),
    say(
        "net.ipv4.tcp_timestamps",
        Is(0),
        Harmful,
        "It ends PAWS and makes tcp_tw_reuse do nothing; the NAT trouble that it is set against went with tcp_tw_recycle.",
    ),
    say("net.ipv4.tcp_window_scaling", Is(0), Harmful, "No new connection has more than 64 KiB under way."),
    say("net.ipv4.tcp_sack", Is(0), Harmful, "Every loss makes a sender repeat what has already arrived."),
    say("net.ipv4.tcp_dsack", Is(0), Harmful, "Senders no longer learn that they repeat needlessly."),
    say(
        "net.ipv4.tcp_moderate_rcvbuf",
        Is(0),
        Harmful,
        "Receive buffers stay at their first size, which slows long paths down.",
    ),
    say(
        "net.ipv4.tcp_abort_on_overflow",
        IsNot(0),
        Harmful,
        "It resets clients in a burst that the listener would have survived.",
    ),
    say(
        "net.ipv4.tcp_rfc1337",
        Any,
        Useless,
        "The kernel document has it the wrong way round, and it saves tens of TIME_WAITs in ten thousand.",
    ),
    say("net.ipv4.tcp_orphan_retries", Is(0), Note, "0 acts as 8."),
    say(
        "net.ipv4.tcp_orphan_retries",
        Below(3),
        Risky,
        "It drops the last data of clients on slow or lossy paths.",
    ),
    say(
        "net.ipv4.tcp_retries2",
        Below(8),
        Risky,
        "Connections over slow paths break as well: RFC 1122 asks for 100 seconds, which are 8.",
    ),
    say(
        "net.ipv4.tcp_syn_retries",
        Below(3),
        Risky,
        "It gives up slow or lossy destinations after a few seconds.",
    ),
    say("net.ipv4.tcp_synack_retries", Below(2), Risky, "It turns away clients on lossy paths."),
    say(
        "net.ipv4.tcp_keepalive_time",
        Below(30),
        Risky,
        "It costs packets on every idle connection whose program asked for keepalive.",
    ),
    say(
        "net.ipv4.tcp_keepalive_time",
        Any,
        Note,
        "It counts only for sockets whose program asked for keepalive, and does not cure CLOSE_WAIT.",
    ),
    say(
        "net.ipv4.tcp_keepalive_intvl",
        Any,
        Note,
        "It counts only for sockets whose program asked for keepalive, and does not cure CLOSE_WAIT.",
    ),
    say(
        "net.ipv4.tcp_keepalive_probes",
        Any,
        Note,
        "It counts only for sockets whose program asked for keepalive, and does not cure CLOSE_WAIT.",
    ),
    say(
        "net.ipv4.tcp_mem",
        Any,
        Harmful,
        "It counts pages, not bytes, and is sized from memory at boot: a number from elsewhere starves TCP or lets it take all memory.",
    ),
    say("net.ipv4.udp_mem", Any, Harmful, "It counts pages, not bytes, and is sized from memory at boot."),
    say(
        "net.ipv4.tcp_rmem",
        SecondAbove(1_048_576),
        Harmful,
        "Every connection starts with the second number, however little it sends: only the third is for long paths.",
    ),
    say(
        "net.ipv4.tcp_rmem",
        Below(4_194_304),
        Harmful,
        "The third number lowers how far buffers grow by themselves.",
    ),
    say(
        "net.ipv4.tcp_rmem",
        SecondBelow(131_072),
        Risky,
        "The second number lowers what every connection starts with: the default is 131072.",
    ),
    say(
        "net.ipv4.tcp_wmem",
        SecondAbove(1_048_576),
        Harmful,
        "Every connection starts with the second number, however little it sends: only the third is for long paths.",
    ),
    say(
        "net.ipv4.tcp_wmem",
        Below(4_194_304),
        Harmful,
        "The third number lowers how far buffers grow by themselves.",
    ),
    say(
        "net.ipv4.tcp_wmem",
        SecondBelow(16384),
        Risky,
        "The second number lowers what every connection starts with: the default is 16384.",
    ),
    say("net.ipv4.tcp_low_latency", Any, Useless, "It has no effect since Linux 4.14."),
    say("net.ipv4.tcp_fack", Any, Useless, "It has no effect any more."),
    say("net.ipv4.tcp_adv_win_scale", Any, Useless, "It has no effect since Linux 6.6."),
    say("net.ipv4.udp_wmem_min", Any, Useless, "It has no effect."),
    say("net.ipv4.route.max_size", Any, Useless, "It has no effect since Linux 3.6."),
    say(
        "net.ipv4.tcp_no_metrics_save",
        Is(1),
        Useless,
        "It is for hosts that measure: others begin every connection without what was learnt.",
    ),
    say(
        "net.ipv4.tcp_fastopen",
        Above(1),
        Useless,
        "Programs must ask for it, and the setting alone does nothing.",
    ),
    say(
        "net.ipv4.tcp_challenge_ack_limit",
        Below(2_147_483_647),
        Risky,
        "A limit that all connections share tells strangers about them; kernels in use have one for each socket.",
    ),
    say(
        "net.ipv4.tcp_congestion_control",
        Word("htcp"),
        Note,
        "Old transfer guides set it, and the newer ones set none.",
    ),
    say(
        "net.ipv4.tcp_congestion_control",
        Word("bbr"),
        Note,
        "It wants net.core.default_qdisc = fq, or it runs a timer for each socket.",
    ),
    say(
        "net.ipv4.ip_forward",
        Is(1),
        Note,
        "A change also overwrites the forwarding of every interface: it comes before other conf values.",
    ),
    say(
        "net.ipv4.ip_no_pmtu_disc",
        IsNot(0),
        Risky,
        "Packets are then fragmented, which many paths drop; tcp_mtu_probing is the cure for paths that swallow large ones.",
    ),
    say("net.core.somaxconn", Below(4096), Harmful, "It lowers the default, which is 4096 since Linux 5.4."),
    say("net.core.somaxconn", Any, Note, "The program must ask for as much in listen(), and be restarted."),
    say(
        "net.core.netdev_max_backlog",
        Above(100_000),
        Risky,
        "A queue that long adds delay instead of showing that a processor is too busy.",
    ),
    say("net.core.rmem_default", Below(212_992), Harmful, "It lowers the default."),
    say("net.core.rmem_default", Above(1_048_576), Harmful, "Every new socket that is not TCP pays it."),
    say("net.core.wmem_default", Below(212_992), Harmful, "It lowers the default."),
    say("net.core.wmem_default", Above(1_048_576), Harmful, "Every new socket that is not TCP pays it."),
    say("net.core.rmem_max", Below(212_992), Harmful, "It lowers the default."),
    say(
        "net.core.rmem_max",
        Any,
        Note,
        "It bounds what programs set themselves: TCP buffers that grow by themselves do not look at it.",
    ),
    say("net.core.wmem_max", Below(212_992), Harmful, "It lowers the default."),
    say(
        "net.core.wmem_max",
        Any,
        Note,
        "It bounds what programs set themselves: TCP buffers that grow by themselves do not look at it.",
    ),
    say("net.core.busy_read", Above(0), Risky, "Every socket that waits keeps a processor busy."),
    say("net.core.busy_poll", Above(0), Risky, "Every program that waits in poll() keeps a processor busy."),
    say("net.netfilter.nf_conntrack_max", Below(65_536), Harmful, "A full table drops packets of everybody."),
    say(
        "net.netfilter.nf_conntrack_max",
        Any,
        Note,
        "Raise nf_conntrack_buckets with it, or each look-up walks a chain.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_timeout_established",
        Below(7440),
        Harmful,
        "Idle connections break behind NAT: RFC 5382 forbids less than 2 hours and 4 minutes.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
        Below(60),
        Harmful,
        "The tracking forgets connections that the ends still remember, and it does not shorten the TIME_WAIT of sockets.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
        Any,
        Note,
        "It does not shorten the TIME_WAIT of sockets: it is the timer of the tracking.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
        Below(60),
        Harmful,
        "Half-closed connections break behind NAT, and it does not end a CLOSE_WAIT.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
        Any,
        Note,
        "It does not end a CLOSE_WAIT: it is the timer of the tracking.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_be_liberal",
        IsNot(0),
        Risky,
        "It hides that packets of one connection take different ways instead of mending it.",
    ),
    say(
        "net.netfilter.nf_conntrack_tcp_loose",
        Is(0),
        Risky,
        "It breaks every connection that was there before the tracking.",
    ),
    say(
        "fs.file-max",
        Below(1_048_576),
        Harmful,
        "The default is a tenth of memory in KiB: this lowers it on a machine of 10 GiB and more, and 100000 on one of more than 1 GiB.",
    ),
    say(
        "fs.file-max",
        Any,
        Note,
        "It is the limit of the machine: what programs run into is the one of ulimit -n.",
    ),
    say(
        "fs.nr_open",
        Above(1_073_741_815),
        Harmful,
        "Programs that close every possible descriptor at their start take minutes.",
    ),
    say(
        "fs.nr_open",
        Below(1_048_576),
        Harmful,
        "It lowers the default, and limits of ulimit -n above it can no longer be set.",
    ),
    say(
        "kernel.shmmax",
        Any,
        Harmful,
        "The default has been as good as unlimited for years: this lowers it.",
    ),
    say(
        "kernel.shmall",
        Any,
        Harmful,
        "The default has been as good as unlimited for years: this lowers it.",
    ),
    say("kernel.pid_max", Below(4_194_304), Harmful, "It lowers what systemd sets at boot, 4194304."),
    say(
        "vm.overcommit_memory",
        Is(2),
        Risky,
        "Allocations fail where memory is only reserved; Redis and the kubelet need 1.",
    ),
    say(
        "vm.overcommit_memory",
        Is(1),
        Note,
        "Redis and the kubelet ask for it; everything else runs into a full memory later and harder.",
    ),
    say("vm.swappiness", Any, Note, "It has nothing to do with connections."),
    say(
        "vm.panic_on_oom",
        IsNot(0),
        Risky,
        "The whole machine goes down where one program could have been ended.",
    ),
    say("vm.max_map_count", Below(65_530), Harmful, "It lowers the default."),
];
