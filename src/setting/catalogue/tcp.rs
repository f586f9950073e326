//! TCP connections: how they start, how long they try, how fast they send.

use super::ALWAYS;
use super::BYTE;
use super::INT;
use super::IP_SYSCTL;
use super::IPV4_TABLE;
use super::MEASURED;
use crate::setting::Accept;
use crate::setting::DefaultValue;
use crate::setting::Direction;
use crate::setting::Effect;
use crate::setting::Kind;
use crate::setting::Risk;
use crate::setting::RiskLevel;
use crate::setting::Scope;
use crate::setting::Setting;
use crate::setting::Unit;
use crate::setting::Version;

/// The settings of this family.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "net.ipv4.tcp_max_orphans",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed("half the buckets of the TCP hash table, which follows memory"),
        )],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::High,
            note: "lowering it resets connections that only wait for their last segments",
        },
        semantics: "The most TCP sockets of the machine that no program holds any more. Above it they are reset at \
             once, TCPAbortOnMemory counts, and the kernel logs \"too many orphaned sockets\". Each can hold \
             up to 64 KiB.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "net/ipv4/tcp.c (6.1, 6.12, 7.3)"],
    },
    Setting {
        key: "net.ipv4.tcp_orphan_retries",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a low value drops the last data of clients on slow or lossy paths",
        },
        semantics: "How often the end of a connection that no program holds any more is sent again. It reads 0 and \
             then acts as 8. It does not end FIN_WAIT_2, where tcp_fin_timeout counts, and not TIME_WAIT.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/tcp_timer.c: tcp_orphan_retries (6.1, 6.12, 7.3)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_keepalive_time",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("7200"))],
        accepts: &[(ALWAYS, Accept::Jiffies)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value costs packets on every idle connection whose program asked for keepalive",
        },
        semantics: "How long a connection is idle before its first probe. It counts only for sockets with \
             SO_KEEPALIVE and without a TCP_KEEPIDLE of their own. It does not cure CLOSE_WAIT: the \
             descriptor that the program leaks stays.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_keepalive_intvl",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("75"))],
        accepts: &[(ALWAYS, Accept::Jiffies)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value gives a slow path little time to answer",
        },
        semantics: "The time between two probes. With tcp_keepalive_probes it says how long a dead connection is \
             still believed in: 9 times 75 seconds are 11 minutes. It counts only for sockets with \
             SO_KEEPALIVE.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_keepalive_probes",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("9"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "few probes give up a connection over a short disturbance",
        },
        semantics: "How many probes may stay without an answer before the connection is given up. It counts only \
             for sockets with SO_KEEPALIVE.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_retries2",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("15"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "below 8, connections break sooner than the 100 seconds that RFC 1122 asks for, also those \
                 over slow paths",
        },
        semantics: "How often a segment of an established connection is sent again before the connection is given \
             up. 15 is 924.6 seconds at least, 8 is 100 seconds. A TCP_USER_TIMEOUT of the program goes \
             before it.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_syn_retries",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("5")), (Version::new(3, 7), DefaultValue::Is("6"))],
        accepts: &[(ALWAYS, Accept::Between(1, 127))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value gives up slow or lossy destinations",
        },
        semantics: "How often the first segment of connect() is sent again. 6 gives up after 131 seconds where \
             tcp_syn_linear_timeouts is 4, after 127 in older kernels.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_synack_retries",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("5"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value turns away clients on lossy paths",
        },
        semantics: "How often the answer to a new client is sent again. 5 gives up after 63 seconds; until then a \
             half-open connection occupies the queue of its listener.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_fastopen",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: &[(ALWAYS, INT)],
        since: Version::new(3, 7),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "a firewall can swallow a first segment that carries data, and connecting then takes longer",
        },
        semantics: "Bits: 1 for clients, 2 for servers, 4 for clients without a cookie, 0x200 for servers without \
             a cookie, 0x400 for all listeners. Setting it alone does nothing: programs have to ask, \
             clients with MSG_FASTOPEN or TCP_FASTOPEN_CONNECT, servers with TCP_FASTOPEN.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_window_scaling",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::High,
            note: "0 limits every new connection to a window of 64 KiB",
        },
        semantics: "Windows above 64 KiB, agreed on when a connection starts. Without it no path with a long round \
             trip is filled.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_sack",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "0 makes every loss more expensive, most of all on long paths",
        },
        semantics: "Selective acknowledgement: the receiver says which segments arrived, so that only the missing \
             ones are sent again. Agreed on when a connection starts.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_reordering",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("3"))],
        accepts: &[(ALWAYS, Accept::Between(1, 300))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "a high value is slow to notice a loss",
        },
        semantics: "How far segments may arrive out of order before a loss is assumed; the kernel raises it for \
             each connection by itself. The upper end is tcp_max_reordering, 300 by default. Kernels before \
             a fix of June 2026 take any number, and a negative one could make them read out of bounds; \
             twtune writes none to any kernel.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "commit efb8763d7bbb, \"net: ipv4: bound TCP reordering sysctl writes and MTU probe sizes\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_mtu_probing",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "2 starts every connection with small segments",
        },
        semantics: "Finds the largest segment that a path carries by trying: 0 off, 1 once a path seems to swallow \
             large packets, 2 always, beginning at tcp_base_mss.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_slow_start_after_idle",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "0 sends a burst at the rate of before the pause, into a path that may have changed",
        },
        semantics: "With 1 a connection that was idle for one retransmission timeout begins slowly again. 0 keeps \
             its rate: good for connections that are kept open and used again. It has nothing to do with \
             TIME_WAIT.",
        sources: &[IP_SYSCTL, IPV4_TABLE, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_congestion_control",
        kind: Kind::Word,
        unit: Unit::Mode,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed("chosen when the kernel was built (CONFIG_DEFAULT_TCP_CONG)"),
        )],
        accepts: &[(ALWAYS, Accept::Name(15))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "another algorithm changes how much of a shared path each connection takes",
        },
        semantics: "The algorithm that new connections use; accepted ones take that of their listener. An unknown \
             name is refused with \"no such file or directory\". Outside the initial network namespace only \
             algorithms in tcp_allowed_congestion_control can be set. A new namespace starts with the value \
             of the initial one.",
        sources: &[IP_SYSCTL, IPV4_TABLE, MEASURED, "measured on 6.18: the name is kept in 16 bytes"],
    },
    Setting {
        key: "net.ipv4.tcp_child_ehash_entries",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, 16_777_216))],
        since: Version::new(6, 1),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewNamespaces,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "every network namespace made from then on takes its own table from memory",
        },
        semantics: "How many hash buckets for TCP sockets a network namespace gets that is made from this one; 0 \
             shares the table of the machine. The defaults of tcp_max_tw_buckets and tcp_max_syn_backlog in \
             the new namespace follow from it.",
        sources: &[IP_SYSCTL, "net/ipv4/sysctl_net_ipv4.c (absent in 5.15, present in 6.1)", MEASURED],
    },
];
