//! How TCP notices a loss, repeats, and how large its segments are.

use super::ALWAYS;
use super::BYTE;
use super::INT;
use super::INT_MAX;
use super::IP_SYSCTL;
use super::IPV4_TABLE_6;
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
        key: "net.ipv4.tcp_retries1",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("3"))],
        accepts: &[(ALWAYS, Accept::Between(0, 255))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value makes the kernel look for another route after a short disturbance",
        },
        semantics: "How often a segment is sent again before the kernel suspects the route and looks for \
             another one. It ends no connection: tcp_retries2 does. RFC 1122 asks for at least 3.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_syn_linear_timeouts",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("4"))],
        accepts: &[(ALWAYS, Accept::Between(0, 127))],
        since: Version::new(6, 5),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "a high value sends many first segments a second apart into a network that drops them",
        },
        semantics: "How many times connect() repeats its first segment at even intervals before each wait \
             is twice the last one. Together with tcp_syn_retries it says when connect() gives up.",
        sources: &[
            IP_SYSCTL,
            "net/ipv4/sysctl_net_ipv4.c (absent in 6.1, present in 6.12)",
            "commit of May 2023, \"tcp: make the first N SYN RTO backoffs linear\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_ecn",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("2"))],
        accepts: &[
            (ALWAYS, Accept::Between(0, 2)),
            // Refused by 6.18; 6.19 to 7.1 were not measured.
            (Version::new(7, 2), Accept::Between(0, 5)),
        ],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "some old middleboxes drop first segments that ask for ECN",
        },
        semantics: "Explicit congestion notification: 0 off, 1 asks for it and accepts it, 2 accepts it \
             from others. Routers that support it can signal congestion without dropping packets. \
             3 to 5 accept the accurate kind as well, where the kernel has it; 3 also asks for it, 4 asks for the \
             older kind, 5 for none.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE_6,
            "tcp(7), man-pages 6.03",
            "include/net/tcp_ecn.h: tcp_ecn_mode (6.19)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_dsack",
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
            note: "0 hides from senders that they repeated something needlessly",
        },
        semantics: "Tells the sender which segments arrived twice, so that it learns that it repeated them \
             needlessly. It needs tcp_sack.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_frto",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("2"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "0 slows a connection down after a delay that was no loss",
        },
        semantics: "Recognizes a retransmission timeout that was only a delay (RFC 5682) and takes the \
             slow-down back. Any value but 0 turns it on; the other end need not support it.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_early_retrans",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("3"))],
        accepts: &[(ALWAYS, Accept::Between(0, 4))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "0 makes every loss at the end of a response wait for a whole timeout",
        },
        semantics: "Tail loss probe: sends the last segment again before the timeout, so that a loss at \
             the end of a response costs little. 3 and 4 turn it on, 0 turns it off.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_recovery",
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
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "without RACK, lost retransmissions wait for a timeout",
        },
        semantics: "Bits: 1 finds losses by time (RACK), 2 keeps its window for reordering fixed, 4 turns \
             off its count of duplicate acknowledgements. Tail loss probes need the first.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_max_reordering",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("300"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "a high value is slow to notice a loss",
        },
        semantics: "How far the kernel may raise tcp_reordering for a connection by itself. More helps \
             only where single packets of one connection take different paths.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_thin_linear_timeouts",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "1 repeats segments of small connections faster into a congested path",
        },
        semantics: "Repeats up to six times at even intervals where fewer than four segments are under \
             way, as in games and remote sessions.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_rto_min_us",
        kind: Kind::Integer,
        unit: Unit::Microsecond,
        defaults: &[(ALWAYS, DefaultValue::Is("200000"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: Version::new(6, 12),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "below the delay of acknowledgements at the other end, segments are repeated that were \
                 not lost",
        },
        semantics: "The shortest retransmission timeout. A route with rto_min goes before it. The kernel \
             recommends 200000 or less; a value below what the other end delays its acknowledgements by \
             repeats needlessly.",
        sources: &[
            IP_SYSCTL,
            "net/ipv4/sysctl_net_ipv4.c (absent in 6.1, present in 6.12)",
            "commit f086edef71be, \"tcp: add sysctl_tcp_rto_min_us\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_rto_max_ms",
        kind: Kind::Integer,
        unit: Unit::Millisecond,
        defaults: &[(ALWAYS, DefaultValue::Is("120000"))],
        accepts: &[(ALWAYS, Accept::Between(1_000, 120_000))],
        since: Version::new(6, 13),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a low value gives up connections earlier: tcp_retries2 then means less time",
        },
        semantics: "The longest retransmission timeout. With a lower one the retries of tcp_retries2 pass \
             sooner, so that a connection is given up sooner.",
        sources: &[IP_SYSCTL, "net/ipv4/sysctl_net_ipv4.c (absent in 6.12)", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_base_mss",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("1024"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value makes probing begin with very small segments",
        },
        semantics: "The segment with which tcp_mtu_probing begins. It does nothing while tcp_mtu_probing \
             is 0.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_min_snd_mss",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(ALWAYS, DefaultValue::Is("48"))],
        accepts: &[(ALWAYS, Accept::Between(48, 65_535))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "a value above what a path carries makes it unusable",
        },
        semantics: "The smallest segment that the other end can talk this host into. It bounds what a \
             malicious client can make the kernel work.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_autocorking",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: &[(ALWAYS, Accept::Between(0, 1))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "0 sends more and smaller packets",
        },
        semantics: "Puts small writes together while an earlier packet of the connection still waits for \
             the device. A program that knows better uses TCP_CORK or TCP_NODELAY.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_limit_output_bytes",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[
            (Version::new(6, 1), DefaultValue::Is("1048576")),
            (
                Version::new(6, 13),
                DefaultValue::Computed("1048576 or 4194304, which came between 6.12 and 6.18"),
            ),
            (Version::new(6, 18), DefaultValue::Is("4194304")),
        ],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "a low value slows single fast connections down, a high one adds delay for all others",
        },
        semantics: "How many bytes of one connection may wait in the queues of the device. It keeps one \
             bulk transfer from delaying all others.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_no_metrics_save",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "1 makes every connection to a known destination begin without what was learnt there",
        },
        semantics: "With 1 nothing is remembered of a destination when a connection closes. It is meant \
             for hosts that measure.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "0 keeps trying where a firewall swallows TCP Fast Open",
        },
        semantics: "For how long clients stop using TCP Fast Open after a firewall seems to have swallowed \
             it; the time grows when that repeats. 0 turns the detection off.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_challenge_ack_limit",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("2147483647"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a shared limit lets strangers find out about connections of others",
        },
        semantics: "How many challenge acknowledgements (RFC 5961) are sent a second. The largest number \
             is no limit: each socket has one of its own, and a common one tells strangers what they \
             should not know.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
];
