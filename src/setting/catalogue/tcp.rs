//! TIME_WAIT and the life of TCP connections.

use crate::setting::Accept;
use crate::setting::DefaultValue;
use crate::setting::Effect;
use crate::setting::Kind;
use crate::setting::Risk;
use crate::setting::RiskLevel;
use crate::setting::Scope;
use crate::setting::Setting;
use crate::setting::Unit;
use crate::setting::Version;

/// The settings of this family.
pub(super) const SETTINGS: &[Setting] = &[Setting {
    key: "net.ipv4.tcp_tw_reuse",
    kind: Kind::Integer,
    unit: Unit::Mode,
    defaults: &[
        (Version::ZERO, DefaultValue::Is("0")),
        (Version::new(4, 19), DefaultValue::Is("2")),
    ],
    accepts: &[
        (Version::ZERO, Accept::Between(0, 255)),
        (Version::new(4, 19), Accept::Between(0, 2)),
    ],
    since: Version::ZERO,
    until: None,
    scope: Scope::Netns,
    effect: Effect::NewConnections,
    also_changes: &[],
    risk: Risk {
        level: RiskLevel::Medium,
        note: "1 relies on timestamps: a middlebox that strips or rewrites them can let an old duplicate in",
    },
    semantics: "placeholder",
    sources: &["https://docs.kernel.org/networking/ip-sysctl.html"],
}];
