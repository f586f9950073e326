#![doc = include_str!("dead_sysctl_line.md")]

use std::collections::HashMap;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::advise::checks::set_before_its_module;
use crate::facts::boot::Verb;
use crate::setting::catalogue;

/// The check.
pub static CHECK: Check = Check { id: "dead-sysctl-line", page: include_str!("dead_sysctl_line.md") };

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    let removed = removed(view);
    for name in view.reading().names().filter(|name| !name.is_pattern()) {
        let path = name.path();
        let dead = match removed.get(path) {
            _ if set_before_its_module::waits_for(path).is_some() => None,
            Some(why) => Some(why.as_str()),
            None if view.missing.is_some_and(|missing| missing.contains(path)) => {
                Some("this kernel does not have it")
            }
            None => None,
        };
        for entry in name.entries() {
            let why = match (entry.verb, dead) {
                (Verb::Nonsense, _) => "it is not an assignment: there is no `=`",
                (Verb::Set, Some(why)) if !entry.optional => why,
                (Verb::Set | Verb::Exclude, _) => continue,
            };
            found.add(Severity::Warning, || {
                Concern::of(&CHECK, Severity::Warning, name.key())
                    .seen("line", entry.origin())
                    .seen("why", why)
                    .advise("delete the line")
            });
        }
    }
}

/// The paths of which the catalogue knows that the host's kernel does not have them, and why.
fn removed(view: &BootView<'_>) -> HashMap<Vec<u8>, String> {
    let Some(version) = view.host.version else { return HashMap::new() };
    let gone = catalogue::all().filter(|setting| setting.os() == view.host.os);
    gone.filter_map(|setting| {
        Some((setting.key.replace('.', "/").into_bytes(), setting.missing_in(version)?))
    })
    .collect()
}
