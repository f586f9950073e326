//! Settings that are still there and do nothing any more.

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
        key: "net.ipv4.tcp_fack",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("0"))],
        accepts: BYTE,
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk { of: Direction::Either, level: RiskLevel::Low, note: "it has no effect" },
        semantics: "Nothing: it once chose a way of finding losses, and the kernel document says that it \
             has no effect any more.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, "include/net/netns/ipv4.h: \"obsolete\" (6.1, 6.12)", MEASURED],
    },
    Setting {
        key: "net.ipv4.tcp_low_latency",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk { of: Direction::Either, level: RiskLevel::Low, note: "it has no effect" },
        semantics: "Nothing since Linux 4.14. It once chose between throughput and delay; guides still set \
             it.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE_6,
            "tcp(7), man-pages 6.03",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.ipv4.tcp_adv_win_scale",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(Version::new(6, 1), DefaultValue::Is("1"))],
        accepts: &[(ALWAYS, Accept::Between(-31, 31))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "before 6.6 a wrong value shrinks every receive window",
        },
        semantics: "Nothing since Linux 6.6. Before, it said which share of a receive buffer counts as \
             window.",
        sources: &[
            IP_SYSCTL,
            IPV4_TABLE_6,
            "tcp(7), man-pages 6.03",
            "include/net/netns/ipv4.h: \"obsolete\" (6.12)",
            MEASURED,
        ],
    },
    Setting {
        key: "net.ipv4.udp_wmem_min",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(ALWAYS, DefaultValue::Computed("one page: 4096 on most machines"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewSockets,
        also_changes: &[],
        risk: Risk { of: Direction::Either, level: RiskLevel::Low, note: "it has no effect" },
        semantics: "Nothing: UDP does not account for what it sends, and the kernel document says that \
             this has no effect.",
        sources: &[IP_SYSCTL, IPV4_TABLE_6, MEASURED],
    },
    Setting {
        key: "net.ipv4.route.max_size",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("2147483647"))],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk { of: Direction::Either, level: RiskLevel::Low, note: "it has no effect" },
        semantics: "Nothing since Linux 3.6, which has no route cache any more. Guides still raise it.",
        sources: &[
            IP_SYSCTL,
            "net/ipv4/route.c: ip_rt_max_size (6.12)",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
];
