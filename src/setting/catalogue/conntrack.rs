//! Connection tracking: what a firewall or NAT remembers. Absent where `nf_conntrack` is not loaded.

use super::ALWAYS;
use super::INT_MAX;
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
        key: "net.netfilter.nf_conntrack_max",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(Version::new(6, 1), DefaultValue::Computed("as many as nf_conntrack_buckets"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::SharedReadOnly,
        effect: Effect::Immediately,
        also_changes: &["net.nf_conntrack_max"],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "each entry takes 256 bytes and more of memory that cannot be swapped",
        },
        semantics: "The most connections that are tracked. At the limit new ones are dropped and the kernel logs \
             \"table full, dropping packet\". A proxied request is two connections. Raise \
             nf_conntrack_buckets with it, or lookups become slow.",
        sources: &[
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "net/netfilter/nf_conntrack_core.c, net/netfilter/nf_conntrack_standalone.c",
            "measured on 6.18: mode 0444 outside the initial network namespace",
        ],
    },
    Setting {
        key: "net.nf_conntrack_max",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(Version::new(6, 1), DefaultValue::Computed("as many as nf_conntrack_buckets"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::InitialOnly,
        effect: Effect::Immediately,
        also_changes: &["net.netfilter.nf_conntrack_max"],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "each entry takes 256 bytes and more of memory that cannot be swapped",
        },
        semantics: "An old name of net.netfilter.nf_conntrack_max: both are one value.",
        sources: &[
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "net/netfilter/nf_conntrack_standalone.c",
            "measured on 6.18: only in the initial network namespace",
        ],
    },
    Setting {
        key: "net.netfilter.nf_conntrack_buckets",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(
            Version::new(6, 1),
            DefaultValue::Computed(
                "262144 with more than 4 GiB of memory, 65536 with more than 1 GiB, less below",
            ),
        )],
        accepts: &[(ALWAYS, Accept::MultipleOf(512, 268_434_944, 512))],
        since: ALWAYS,
        until: None,
        scope: Scope::SharedReadOnly,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "a change stops tracking for the moment in which all entries move to the new table",
        },
        semantics: "Buckets of the table of tracked connections, 8 bytes each. The kernel rounds a value up to a \
             multiple of 512 and reads back the rounded one. As many as nf_conntrack_max keeps two entries \
             in a bucket on average.",
        sources: &[
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "net/netfilter/nf_conntrack_core.c: nf_conntrack_hash_resize, nf_ct_alloc_hashtable",
            "measured on 6.18: mode 0444 outside the initial network namespace",
        ],
    },
    Setting {
        key: "net.netfilter.nf_conntrack_tcp_timeout_established",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("432000"))],
        accepts: &[(ALWAYS, Accept::Jiffies)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "below 7440 seconds idle connections are forgotten that RFC 5382 wants kept, and NAT then \
                 breaks them",
        },
        semantics: "How long an idle connection is tracked: 5 days, so that entries of vanished clients stay that \
             long.",
        sources: &[
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "RFC 5382, REQ-5",
            MEASURED,
        ],
    },
    Setting {
        key: "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("60"))],
        accepts: &[(ALWAYS, Accept::Jiffies)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a half-closed connection that is silent for longer is forgotten, and NAT then breaks it",
        },
        semantics: "How long a connection is tracked of which one side has closed. It is the timer of the \
             tracking: sockets in CLOSE_WAIT stay until their program closes them.",
        sources: &["https://docs.kernel.org/networking/nf_conntrack-sysctl.html", MEASURED],
    },
    Setting {
        key: "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("120"))],
        accepts: &[(ALWAYS, Accept::Jiffies)],
        since: ALWAYS,
        until: None,
        scope: Scope::Netns,
        effect: Effect::NewConnections,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "below 60 seconds the tracking forgets connections that the ends still remember",
        },
        semantics: "How long a closed connection is tracked. It is independent of the TIME_WAIT of a socket: at 10 \
             the entry went after 10 seconds, and the socket stayed for 60.",
        sources: &["https://docs.kernel.org/networking/nf_conntrack-sysctl.html", MEASURED],
    },
];
