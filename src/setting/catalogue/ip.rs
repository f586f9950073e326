//! IP below TCP: addresses, the size of packets, neighbours, bridges.

use super::ALWAYS;
use super::BYTE;
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

/// The settings of this family.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "net.ipv4.ip_nonlocal_bind",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "a program that binds a wrong address no longer hears of it",
        },
        semantics: "Lets programs bind addresses that this host does not have. It is for servers that wait \
             for a floating address; without one it hides mistakes.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.ip_no_pmtu_disc",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "1 and 2 let packets be fragmented, which many paths drop",
        },
        semantics: "Path MTU discovery: 0 on, 1 off, 2 also ignores what routers say, 3 believes only what \
             fits a connection. Where large packets vanish, tcp_mtu_probing is the cure.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.ip_default_ttl",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("64"))],
        accepts: &[(ALWAYS, Accept::Between(1, 255))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a low value does not reach far destinations",
        },
        semantics: "Over how many routers a packet of this host may go. Containers can have their own.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.neigh.default.gc_thresh1",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("128"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "entries of hosts that are gone stay longer",
        },
        semantics: "Below this many neighbours (hosts on the same network) nothing is cleared away.",
        sources: &[
            IP_SYSCTL,
            "net/core/neighbour.c, net/ipv4/arp.c (6.1, 6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.ipv4.neigh.default.gc_thresh2",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("512"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "entries of hosts that are gone stay longer",
        },
        semantics: "Above this many neighbours those that are older than 5 seconds are cleared away.",
        sources: &[
            IP_SYSCTL,
            "net/core/neighbour.c, net/ipv4/arp.c (6.1, 6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.ipv4.neigh.default.gc_thresh3",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("1024"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "hosts beyond the limit cannot be reached",
        },
        semantics: "The most neighbours (hosts on the same network) of the machine, all its network \
             namespaces together. At the limit new ones cannot be reached and the kernel logs \"neighbour: \
             arp_cache: neighbor table overflow!\". Large flat networks and many pods need more.",
        sources: &[
            IP_SYSCTL,
            "net/core/neighbour.c, net/ipv4/arp.c (6.1, 6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.bridge.bridge-nf-call-iptables",
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
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "0 takes bridged traffic past the rules of the firewall, 1 puts it through them",
        },
        semantics: "Whether a bridge hands IPv4 packets to iptables. It is there only where br_netfilter \
             is loaded; a boot file that sets it before does nothing. Other numbers are taken and become \
             1.",
        sources: &[
            "https://docs.kernel.org/networking/bridge.html",
            "net/bridge/br_netfilter_hooks.c: brnf_sysctl_call_tables (6.1, 6.12)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.bridge.bridge-nf-call-ip6tables",
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
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "0 takes bridged traffic past the rules of the firewall, 1 puts it through them",
        },
        semantics: "Whether a bridge hands IPv6 packets to ip6tables. It is there only where br_netfilter \
             is loaded; a boot file that sets it before does nothing. Other numbers are taken and become \
             1.",
        sources: &[
            "https://docs.kernel.org/networking/bridge.html",
            "net/bridge/br_netfilter_hooks.c: brnf_sysctl_call_tables (6.1, 6.12)",
            MEASURED,
        ],
    },
];
