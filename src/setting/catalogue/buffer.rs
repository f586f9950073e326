//! Buffers: how much memory connections may hold.

use super::ALWAYS;
use super::BYTE;
use super::INT_MAX;
use super::IP_SYSCTL;
use super::IPV4_TABLE;
use super::IPV4_TABLE_6;
use super::MEASURED;
use super::NET_SYSCTL;
use super::UINT_MAX;
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
        key: "net.ipv4.tcp_rmem",
        kind: Kind::Tuple(&["minimum", "default", "maximum"]),
        unit: Unit::Byte,
        defaults: &[
            (Version::new(6, 1), DefaultValue::Computed("4096, 131072 and 1/128 of memory up to 6291456")),
            (
                Version::new(6, 13),
                DefaultValue::Computed(
                    "4096, 131072 and 1/128 of memory up to 6291456 or 33554432, which came between 6.12 and \
                 6.18",
                ),
            ),
            (Version::new(6, 18), DefaultValue::Computed("4096, 131072 and 1/128 of memory up to 33554432")),
        ],
        accepts: &[
            (ALWAYS, Accept::Between(1, INT_MAX)),
            // 6.1.192 and 6.12.117 refuse less, as 7.2 does; 6.18.44 does not.
            (Version::new(6, 1), Accept::Between(4096, INT_MAX)),
        ],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "the first two numbers are paid by every connection, the third by every connection that \
                 falls behind",
        },
        semantics: "Receive buffer of a TCP connection: kept under pressure, at the start, and the most that it \
             grows to by itself. SO_RCVBUF ends that growth and net.core.rmem_max bounds SO_RCVBUF, not \
             this. Newer kernels refuse numbers below 4096, stable ones of 6.1 and 6.12 too. The order of \
             the numbers is not checked, and a single number changes only the first. A new network \
             namespace starts with the values of the initial one.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "net/ipv4/tcp.c: tcp_init (6.1, 6.12, 7.3)", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_wmem",
        kind: Kind::Tuple(&["minimum", "default", "maximum"]),
        unit: Unit::Byte,
        defaults: &[(
            Version::new(6, 1),
            DefaultValue::Computed("4096, 16384 and 1/128 of memory up to 4194304"),
        )],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "the first two numbers are paid by every connection, the third by every connection whose \
                 other end is slow",
        },
        semantics: "Send buffer of a TCP connection: kept under pressure, at the start, and the most that it grows \
             to by itself. 4 MiB carry 335 Mbit/s over 100 ms. SO_SNDBUF ends that growth and \
             net.core.wmem_max bounds SO_SNDBUF, not this. The order of the numbers is not checked, and a \
             single number changes only the first. A new network namespace starts with the values of the \
             initial one.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "net/ipv4/tcp.c: tcp_init (6.1, 6.12, 7.3)", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_moderate_rcvbuf",
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
            level: RiskLevel::Medium,
            note: "0 keeps every receive buffer at its first size, which slows long paths down",
        },
        semantics: "Lets receive buffers grow to the third number of tcp_rmem as a path needs it. A socket whose \
             program set SO_RCVBUF does not grow.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_notsent_lowat",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(Version::new(4, 19), DefaultValue::Is("4294967295"))],
        accepts: &[(Version::new(4, 19), Accept::Between(0, UINT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a low value wakes programs more often",
        },
        semantics: "How much unsent data a connection may hold before its program is told to wait. The default, \
             the largest number there is, is no limit. A program overrides it with TCP_NOTSENT_LOWAT. A \
             change counts at once for all other sockets.",
        sources: &[IP_SYSCTL, IPV4_TABLE, MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_mem",
        kind: Kind::Tuple(&["low", "pressure", "high"]),
        unit: Unit::Page,
        defaults: &[(ALWAYS, DefaultValue::Computed("4.68, 6.25 and 9.37 percent of memory"))],
        accepts: &[(ALWAYS, Accept::Between(0, 18_446_744_073_709_551_615))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::High,
            note: "too low resets and slows all connections of the machine, too high lets them take its \
                 memory",
        },
        semantics: "All TCP buffers of the machine together, in pages: below the first number nothing is done, \
             above the second buffers shrink, at the third no more is given. It is computed from memory at \
             boot.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/tcp.c: tcp_init_mem, commit b66e91ccbc34",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.core.rmem_max",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[
            (Version::new(6, 1), DefaultValue::Is("212992")),
            (
                Version::new(6, 13),
                DefaultValue::Computed("212992 or 4194304, which came between 6.12 and 6.18"),
            ),
            (Version::new(6, 18), DefaultValue::Is("4194304")),
        ],
        accepts: &[(ALWAYS, Accept::Between(2304, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::SharedReadOnly,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "any program may then hold that much memory for each of its sockets",
        },
        semantics: "The most that SO_RCVBUF gives to a program. TCP that sets no buffer of its own grows to \
             tcp_rmem and does not look at it.",
        sources: &[
            NET_SYSCTL,
            "socket(7), man-pages 6.03",
            "net/core/sysctl_net_core.c: SOCK_MIN_RCVBUF (commit 01b944fe1cd4)",
            "measured on 6.18: 2304 is the least that SO_RCVBUF gives",
        ],
    },
    Setting {
        key: "net.core.wmem_max",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[
            (Version::new(6, 1), DefaultValue::Is("212992")),
            (
                Version::new(6, 13),
                DefaultValue::Computed("212992 or 4194304, which came between 6.12 and 6.18"),
            ),
            (Version::new(6, 18), DefaultValue::Is("4194304")),
        ],
        accepts: &[(ALWAYS, Accept::Between(4608, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::SharedReadOnly,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "any program may then hold that much memory for each of its sockets",
        },
        semantics: "The most that SO_SNDBUF gives to a program. TCP that sets no buffer of its own grows to \
             tcp_wmem and does not look at it.",
        sources: &[
            NET_SYSCTL,
            "socket(7), man-pages 6.03",
            "net/core/sysctl_net_core.c: SOCK_MIN_SNDBUF (commit 01b944fe1cd4)",
            "measured on 6.18: 4608 is the least that SO_SNDBUF gives",
        ],
    },
    Setting {
        key: "net.core.rmem_default",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("212992"))],
        accepts: &[(ALWAYS, Accept::Between(2304, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::SharedReadOnly,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "every new socket that is not TCP pays it",
        },
        semantics: "The receive buffer that a new socket starts with. TCP takes the second number of tcp_rmem \
             instead.",
        sources: &[
            NET_SYSCTL,
            IP_SYSCTL,
            "net/core/sysctl_net_core.c: SOCK_MIN_RCVBUF (commit 01b944fe1cd4)",
            "measured on 6.18: 212992; 2304 is the least that SO_RCVBUF gives",
        ],
    },
    Setting {
        key: "net.core.wmem_default",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("212992"))],
        accepts: &[(ALWAYS, Accept::Between(4608, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::SharedReadOnly,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "every new socket that is not TCP pays it",
        },
        semantics: "The send buffer that a new socket starts with. TCP takes the second number of tcp_wmem \
             instead.",
        sources: &[
            NET_SYSCTL,
            IP_SYSCTL,
            "net/core/sysctl_net_core.c: SOCK_MIN_SNDBUF (commit 01b944fe1cd4)",
            "measured on 6.18: 212992; 4608 is the least that SO_SNDBUF gives",
        ],
    },
    Setting {
        key: "net.ipv4.udp_mem",
        kind: Kind::Tuple(&["low", "pressure", "high"]),
        unit: Unit::Page,
        defaults: &[(ALWAYS, DefaultValue::Computed("from memory, at boot"))],
        accepts: &[(ALWAYS, Accept::Between(0, 18_446_744_073_709_551_615))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "too low drops datagrams of all programs",
        },
        semantics: "All UDP receive queues of the machine together, in pages. It is computed from memory \
             at boot.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "measured on 6.18: only in the initial network namespace"],
    },
    Setting {
        key: "net.ipv4.udp_rmem_min",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(ALWAYS, DefaultValue::Computed("one page: 4096 on most machines"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "every UDP socket may hold that much even under pressure",
        },
        semantics: "What every UDP socket may receive even when udp_mem is under pressure. It does not \
             size the buffer: net.core.rmem_default does.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
];
