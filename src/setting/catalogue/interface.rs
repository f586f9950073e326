//! Forwarding, and the values of single interfaces that it changes.

use super::ALWAYS;
use super::INT;
use super::IP_SYSCTL;
use super::MEASURED;
use super::NET_SYSCTL;
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
        key: "net.ipv4.ip_forward",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &["net.ipv4.conf.*.forwarding", "net.ipv4.conf.all.accept_redirects"],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::High,
            note: "the machine begins to route for others, and the value of every interface is overwritten",
        },
        semantics: "Routes packets between interfaces. A change copies the new value to conf.all, conf.default and \
             every interface, and sets conf.all.accept_redirects to its opposite; writing the value that it \
             has changes nothing. The kernel document says that it resets all parameters: it resets these. \
             Write it before other values of interfaces. A new network namespace starts with the value of \
             the initial one.",
        sources: &[IP_SYSCTL, NET_SYSCTL, "measured on 6.18 with three interfaces"],
    },
    Setting {
        key: "net.ipv4.conf.all.forwarding",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[
            "net.ipv4.ip_forward",
            "net.ipv4.conf.*.forwarding",
            "net.ipv4.conf.all.accept_redirects",
        ],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::High,
            note: "the machine begins to route for others, and the value of every interface is overwritten",
        },
        semantics: "Another name of net.ipv4.ip_forward: both are one value, and a change of either changes the \
             same others.",
        sources: &[IP_SYSCTL, "measured on 6.18 with three interfaces"],
    },
    Setting {
        key: "net.ipv4.conf.*.forwarding",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "the machine begins to route what arrives on this interface",
        },
        semantics: "Whether packets that arrive on this interface are routed on. conf.default is what a new \
             interface starts with. A change of net.ipv4.ip_forward overwrites it.",
        sources: &[IP_SYSCTL, MEASURED],
    },
    Setting {
        key: "net.ipv4.conf.default.accept_redirects",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewDevices,
        also_changes: &["net.ipv4.conf.*.accept_redirects"],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "interfaces without an address of their own change with it",
        },
        semantics: "What a new interface starts with. Interfaces whose own value nobody wrote and that have no \
             IPv4 address yet change at once.",
        sources: &[IP_SYSCTL, "measured on 6.18 with three interfaces"],
    },
    Setting {
        key: "net.ipv4.conf.*.accept_redirects",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("1"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "a machine on the same network can redirect traffic through itself",
        },
        semantics: "Whether ICMP redirects change routes. Where the interface forwards, conf.all and its own value \
             must both be on; where it does not, one of them is enough. A change of net.ipv4.ip_forward \
             sets conf.all to the opposite.",
        sources: &[IP_SYSCTL, MEASURED],
    },
    Setting {
        key: "net.ipv4.conf.default.rp_filter",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewDevices,
        also_changes: &["net.ipv4.conf.*.rp_filter"],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "interfaces without an address of their own change with it",
        },
        semantics: "What a new interface starts with. Interfaces whose own value nobody wrote and that have no \
             IPv4 address yet change at once. Some distributions set it at boot.",
        sources: &[IP_SYSCTL, "measured on 6.18 with three interfaces"],
    },
    Setting {
        key: "net.ipv4.conf.*.rp_filter",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "1 drops packets that arrive on another interface than the one that answers them",
        },
        semantics: "Whether the source of a packet is checked against the routes: 0 not, 1 it must be reached \
             through this interface, 2 through any. The larger of conf.all and the own value counts. Some \
             distributions set it at boot, and a new network namespace starts with the conf.all and \
             conf.default of the initial one.",
        sources: &[IP_SYSCTL, NET_SYSCTL, MEASURED],
    },
];
