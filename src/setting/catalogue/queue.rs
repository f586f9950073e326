//! Queues: connections that wait for a program, packets that wait for the kernel.

use super::ALWAYS;
use super::BYTE;
use super::INT;
use super::INT_MAX;
use super::IP_SYSCTL;
use super::IPV4_TABLE;
use super::MEASURED;
use super::NET_SYSCTL;
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
        key: "net.core.somaxconn",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("128")), (Version::new(5, 4), DefaultValue::Is("4096"))],
        accepts: &[(ALWAYS, Accept::Between(0, 65_535)), (Version::new(4, 4), Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewListeners,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "a long queue hides that a program is too slow to accept",
        },
        semantics: "The ceiling of what a program asks for with listen(): the smaller of both counts, and one more \
             connection than that fits. Raising it does nothing for a program that asks for less, or that \
             called listen() before.",
        sources: &[IP_SYSCTL, "listen(2), man-pages 6.03", "net/core/sysctl_net_core.c (4.4)", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_max_syn_backlog",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed("1/128 of the buckets of the TCP hash table, at least 128"),
        )],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "without syncookies, a low value turns new clients away early",
        },
        semantics: "How many half-open connections a listener keeps. It is read only while tcp_syncookies is 0; \
             otherwise the backlog of listen() bounds them. 0 and negative values are taken.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/tcp_input.c: tcp_conn_request (6.1, 6.12, 7.3)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_syncookies",
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
            level: RiskLevel::High,
            note: "0 lets a flood of forged clients fill a listener, and 2 takes TCP options away from every \
                 client",
        },
        semantics: "1 answers with a cookie once the queue of half-open connections is full, 2 always, 0 never. It \
             is a last resort: the kernel says that it must not be used to help a server that is merely \
             overloaded.",
        sources: &[IP_SYSCTL, IPV4_TABLE, "tcp(7), man-pages 6.03", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_abort_on_overflow",
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
            level: RiskLevel::High,
            note: "1 resets clients that would have got through after a short burst",
        },
        semantics: "With 1 a client whose last step of the handshake finds the accept queue full is reset; with 0 \
             it tries again. When the queue is full already, new clients are dropped before that, and 0 and \
             1 do the same.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/tcp_minisocks.c: tcp_check_req (6.1, 6.12, 7.3)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.tcp_migrate_req",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, 1))],
        // 5.14 brought it, and 5.10 has it too since a stable release.
        since: Version::new(5, 10),
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "listeners with different settings can crash programs that get the connections of another",
        },
        semantics: "When one of several listeners with SO_REUSEPORT closes, hands its waiting connections to \
             another one instead of resetting them.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "commit f9ac779f881c, \"net: Introduce net.ipv4.tcp_migrate_req\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.core.netdev_max_backlog",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("1000"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "a long queue adds delay instead of showing that a processor is too busy",
        },
        semantics: "How many received packets may wait when an interface receives faster than the kernel \
             works.",
        sources: &[
            NET_SYSCTL,
            "net/core/sysctl_net_core.c (commit 01b944fe1cd4)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.core.default_qdisc",
        kind: Kind::Word,
        unit: Unit::Mode,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed(
                "chosen when the kernel was built (CONFIG_DEFAULT_NET_SCH): pfifo_fast, with Debian fq_codel",
            ),
        )],
        accepts: &[(ALWAYS, Accept::Name(15))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::NewDevices,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "devices that exist keep their queue, so that the machine behaves differently after a \
                 restart",
        },
        semantics: "The queueing discipline that a new network device gets. Virtual devices such as lo and veth \
             get none.",
        sources: &[
            NET_SYSCTL,
            "net/core/sysctl_net_core.c: set_default_qdisc (commit 01b944fe1cd4)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.core.netdev_budget",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("300"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "programs wait longer for the processor while packets arrive",
        },
        semantics: "How many packets the kernel takes from all interfaces in one round. A third column in \
             /proc/net/softnet_stat that grows says that rounds end too early.",
        sources: &[
            NET_SYSCTL,
            "net/core/sysctl_net_core.c, net/core/hotdata.c (6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.core.netdev_budget_usecs",
        kind: Kind::Integer,
        unit: Unit::Microsecond,
        defaults: &[(ALWAYS, DefaultValue::Computed("two ticks of the kernel clock: 8000 where HZ is 250"))],
        accepts: &[(ALWAYS, Accept::Between(2000, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "programs wait longer for the processor while packets arrive",
        },
        semantics: "How long such a round may take. The least that a kernel takes is two ticks of its \
             clock: 2000 where HZ is 1000, 20000 where it is 100.",
        sources: &[
            NET_SYSCTL,
            "net/core/sysctl_net_core.c: netdev_budget_usecs_min (6.1, 6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.core.busy_read",
        kind: Kind::Integer,
        unit: Unit::Microsecond,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "every socket that waits keeps a processor busy",
        },
        semantics: "How long a reading socket asks the device itself before it sleeps. It trades processor \
             time and power for delay; SO_BUSY_POLL does it for a single socket.",
        sources: &[
            NET_SYSCTL,
            "net/core/sysctl_net_core.c (6.1, 6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.core.busy_poll",
        kind: Kind::Integer,
        unit: Unit::Microsecond,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "every program that waits in poll() keeps a processor busy",
        },
        semantics: "The same for poll() and select(), for sockets that have SO_BUSY_POLL.",
        sources: &[
            NET_SYSCTL,
            "net/core/sysctl_net_core.c (6.1, 6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.unix.max_dgram_qlen",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("10"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "a program that does not read holds more memory",
        },
        semantics: "How many messages wait at a Unix datagram socket, such as the one of a log daemon, \
             before its senders block. Some kernels also take negative numbers; twtune writes none.",
        sources: &[IP_SYSCTL, "net/unix/sysctl_net_unix.c (6.1, 6.12)", MEASURED],
    },
];
