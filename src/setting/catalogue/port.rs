//! Local ports: which ones `connect()` and `bind()` may choose.

use super::ALWAYS;
use super::IP_SYSCTL;
use super::IPV4_TABLE;
use super::MEASURED;
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
        key: "net.ipv4.ip_local_port_range",
        kind: Kind::PortRange,
        unit: Unit::Port,
        defaults: &[
            (ALWAYS, DefaultValue::Is("32768 61000")),
            (Version::new(4, 2), DefaultValue::Is("32768 60999")),
        ],
        accepts: &[(ALWAYS, Accept::PortRange)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "a program that listens inside the range can find its port taken at its start: reserve its \
                 port first",
        },
        semantics: "The ports that connect() and bind() to port 0 choose from, for TCP and UDP, IPv4 and IPv6. The \
             default has 28,232: 470 connections a second to one destination while each occupies its port \
             for 60 seconds. The low end may not lie below ip_unprivileged_port_start. Ends of different \
             parity let connect() and bind() share the range evenly. A single number changes only the low \
             end.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "net/ipv4/inet_hashtables.c (6.1, 6.12, 7.3)",
            "commit 07f4c90062f8, \"tcp/dccp: try to not exhaust ip_local_port_range in connect()\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.ip_unprivileged_port_start",
        kind: Kind::Integer,
        unit: Unit::Port,
        defaults: &[(ALWAYS, DefaultValue::Is("1024"))],
        accepts: &[(ALWAYS, Accept::Between(0, 65_535))],
        since: Version::new(4, 11),
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a lower value lets any user take the ports of system services",
        },
        semantics: "The first port that programs without privileges may bind. It is also the floor of \
             ip_local_port_range: a value above the low end of that range is refused, so that the order of \
             the two writes matters.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "commit 4548b683b781, \"Introduce a sysctl that modifies the value of PROT_SOCK\"",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.ip_local_reserved_ports",
        kind: Kind::PortList,
        unit: Unit::Port,
        defaults: &[(ALWAYS, DefaultValue::Is(""))],
        accepts: &[(ALWAYS, Accept::PortList)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "a write replaces the whole list, and a list that covers ip_local_port_range leaves no port \
                 to choose",
        },
        semantics: "Ports that are never chosen by themselves, so that a service inside ip_local_port_range finds \
             its port free. A program can still bind them by number. Each write replaces the whole list.",
        sources: &[IP_SYSCTL, IPV4_TABLE, MEASURED],
    },
    Setting {
        key: "net.ipv4.ip_local_port_step_width",
        kind: Kind::Integer,
        unit: Unit::Port,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, UINT_MAX))],
        since: Version::new(6, 19),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk { of: Direction::Either, level: RiskLevel::Low, note: "too new to have been tried" },
        semantics: "A random step of the search for a free port. 0 keeps the search as it was.",
        sources: &["net/ipv4/sysctl_net_ipv4.c (absent in 6.12, present in 7.3)", "measured on 6.18: absent"],
    },
    Setting {
        key: "net.ipv4.ip_autobind_reuse",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, 1))],
        since: Version::new(5, 7),
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::High,
            note: "two programs can end up with the same port, which the kernel leaves to experts",
        },
        semantics: "Lets bind() to port 0 choose a port that others use, if all of them have SO_REUSEADDR. It \
             gains little: 100 ports gave 112 connections to three destinations. IP_BIND_ADDRESS_NO_PORT \
             gives each destination all ports.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE,
            "commit of 2020-03-12, \"tcp: bind(0) remove the SO_REUSEADDR restriction when ephemeral \
                 ports are exhausted\"",
            MEASURED,
        ],
    },
];
