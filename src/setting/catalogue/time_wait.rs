//! `TIME_WAIT` and its relatives: how long a closed connection still occupies its ports.

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
        key: "net.ipv4.tcp_tw_reuse",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[
            (ALWAYS, DefaultValue::Is("0")),
            (Version::new(4, 18), DefaultValue::Computed("0 or 2: 2 came with a commit of June 2018")),
            (Version::new(4, 19), DefaultValue::Is("2")),
        ],
        accepts: &[(ALWAYS, INT), (Version::new(4, 18), Accept::Between(0, 2))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "1 relies on timestamps: a middlebox that strips or rewrites them can let an old duplicate \
                 into a new connection",
        },
        semantics: "Lets connect() take a port whose connection to the same destination is in TIME_WAIT, once that \
             is older than tcp_tw_reuse_delay and if both ends used timestamps. 0 is never, 1 is always, 2 \
             is only where a loopback address is involved. It does nothing for bind(), for accept(), for \
             servers, and after bind(address, 0) without IP_BIND_ADDRESS_NO_PORT. Before 2 existed it was a \
             switch, and 2 meant on.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/tcp_ipv4.c: tcp_twsk_unique (6.1, 6.12, 7.3)",
            "commit 79e9fed46038: values 0, 1 and 2, default 2",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_tw_reuse_delay",
        kind: Kind::Integer,
        unit: Unit::Millisecond,
        defaults: &[(ALWAYS, DefaultValue::Is("1000"))],
        accepts: &[(ALWAYS, Accept::Between(1, 60_000))],
        since: Version::new(6, 14),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "below the tick of the timestamp clock of the other end, an old segment can pass for one of \
                 the new connection",
        },
        semantics: "How old a TIME_WAIT must be before tcp_tw_reuse may take it: with 1000, each port serves one \
             destination once a second. Kernels without it wait until the clock of seconds has advanced. It \
             changes nothing while tcp_tw_reuse is 0.",
        sources: &[
            IP_SYSCTL,
            "net/ipv4/sysctl_net_ipv4.c (absent in 6.1 and 6.12, present in 7.3)",
            "net/ipv4/tcp_ipv4.c (6.1, 6.12)",
            "commit of 2024-12-11, \"tcp: Add sysctl to configure TIME-WAIT reuse delay\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_tw_recycle",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: Some(Version::new(4, 12)),
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::High,
            note: "it drops connections from clients that share an address behind NAT",
        },
        semantics: "Refused segments whose timestamp was older than the last one from the same address, so that \
             TIME_WAIT could be short. Clients behind one NAT have different clocks and lost connections at \
             random. It is gone since Linux 4.12; a line that still sets it makes sysctl -p return 1.",
        sources: &[
            "tcp(7), man-pages 6.03: Linux 2.4 to Linux 4.11",
            "net/ipv4/sysctl_net_ipv4.c (4.9)",
            "commit 4396e46187ca, \"tcp: remove tcp_tw_recycle\"",
            "https://vincent.bernat.ch/en/blog/2014-tcp-time-wait-state-linux",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_fin_timeout",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("60"))],
        accepts: &[(ALWAYS, Accept::Jiffies)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "a low value resets clients that are slow to close, and a value above 60 does not last as \
                 long as it says",
        },
        semantics: "How long a connection that no program holds any more waits in FIN_WAIT_2 for the other end to \
             close. It does not touch TIME_WAIT, which is 60 seconds by a constant of the kernel. Above 60 \
             the wait is twice what exceeds 60: 61 lasts 2 seconds, 180 lasts 243. 0 and negative values \
             are taken and last under a second.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "include/net/tcp.h: TCP_TIMEWAIT_LEN",
            "net/ipv4/tcp.c, net/ipv4/tcp_timer.c (6.1, 6.12, 7.3)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_max_tw_buckets",
        kind: Kind::Integer,
        unit: Unit::Limit,
        defaults: &[(
            ALWAYS,
            // The table has a bucket for every 128 KiB, rounded up to a power of two, and 524,288 at the most
            // (alloc_large_system_hash() in net/ipv4/tcp.c).
            DefaultValue::FromMemory {
                how: "half the buckets of the TCP hash table, which follows memory",
                bytes: 256 << 10,
                most: 262_144,
            },
        )],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::High,
            note: "lowering it takes away the protection of TIME_WAIT, and late segments of the other end are \
                 answered with a reset",
        },
        semantics: "The most TIME_WAIT sockets of this network namespace; orphans in FIN_WAIT_2 count too. Above \
             it a connection is closed at once, without TIME_WAIT, and TCPTimeWaitOverflow counts. 0 is \
             none at all, a negative value is no limit. Raising a limit that is never reached does nothing, \
             and it does not cure port exhaustion.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/inet_timewait_sock.c, net/ipv4/tcp_ipv4.c (6.1, 6.12, 7.3)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_timestamps",
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
            note: "0 on either end turns off tcp_tw_reuse and the protection against wrapped sequence numbers",
        },
        semantics: "TCP timestamps: 0 off, 1 on with a random offset for each connection, 2 on without the offset. \
             tcp_tw_reuse works only where both ends use them. Values above 2 are taken and are no modes of \
             their own.",
        sources: &[IP_SYSCTL, IPV4_TABLE, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_rfc1337",
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
            note: "with 1 a TIME_WAIT also outlives a reset that was meant to end it",
        },
        semantics: "What a reset does to a TIME_WAIT: with 0 it ends it, with 1 it is ignored, as RFC 1337 wants. \
             The kernel document says it the other way round; the code, tcp(7) and the measurement agree. \
             It saves tens of TIME_WAITs in ten thousand.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "tcp(7), man-pages 6.03",
            "net/ipv4/tcp_minisocks.c: tcp_timewait_state_process (6.1, 6.12, 7.3)",
            MEASURED,
        ],
    },
];
