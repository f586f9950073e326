//! Settings that the catalogue does not know: what little can be said of all of them, and which of them no profile may
//! name.

use super::ALWAYS;
use super::find;
use crate::setting::Direction;
use crate::setting::Effect;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::Risk;
use crate::setting::RiskLevel;
use crate::setting::Scope;
use crate::setting::Setting;
use crate::setting::Unit;

/// Keys and folders that do more than keep a value: they run programs, or are commands to the kernel.
const NO_SETTINGS: &[(&str, &str)] = &[
    ("fs.binfmt_misc", "it says which programs are run for which files"),
    ("vm.drop_caches", "it is a command to the kernel and keeps no value"),
    ("vm.compact_memory", "it is a command to the kernel and keeps no value"),
    ("vm.stat_refresh", "it is a command to the kernel and keeps no value"),
    ("net.ipv4.route.flush", "it is a command to the kernel and keeps no value"),
    ("net.ipv6.route.flush", "it is a command to the kernel and keeps no value"),
];

const NET_NUMBER: Setting = plain(Kind::Integer, Scope::Netns);
const NET_TEXT: Setting = plain(Kind::Text, Scope::Netns);
const NUMBER: Setting = plain(Kind::Integer, Scope::Machine);
const TEXT: Setting = plain(Kind::Text, Scope::Machine);

const fn plain(kind: Kind, scope: Scope) -> Setting {
    Setting {
        key: "",
        kind,
        unit: Unit::Count,
        defaults: &[],
        accepts: &[],
        since: ALWAYS,
        until: None,
        scope,
        effect: Effect::Unknown,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::High,
            note: "the catalogue does not have it: nothing is known of its range and of what else it changes",
        },
        semantics: "The catalogue does not have it.",
        sources: &[],
    }
}

/// What can be said of a setting below net., vm. or fs. that the catalogue does not have.
///
/// # Errors
/// Why no profile may name it.
pub fn uncatalogued(key: &Key, kind: Kind) -> Result<&'static Setting, &'static str> {
    let within = |folder: &str| {
        key.as_str().strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if let Some((_, why)) = NO_SETTINGS.iter().find(|(folder, _)| within(folder)) {
        return Err(why);
    }
    let top = key.as_str().split('.').next().unwrap_or_default();
    match (top, kind) {
        ("net", Kind::Integer) => Ok(&NET_NUMBER),
        ("net", _) => Ok(&NET_TEXT),
        ("vm" | "fs", Kind::Integer) => Ok(&NUMBER),
        ("vm" | "fs", _) => Ok(&TEXT),
        _ => Err("only keys below net., vm. and fs. can be"),
    }
}

/// What is known of a setting that a profile could have named.
#[must_use]
pub fn find_or_text(key: &Key) -> Option<&'static Setting> {
    find(key).or_else(|| uncatalogued(key, Kind::Text).ok())
}
