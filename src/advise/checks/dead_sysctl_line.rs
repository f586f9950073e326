#![doc = include_str!("dead_sysctl_line.md")]

use std::collections::HashMap;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::set_before_its_module;
use crate::facts::boot::Verb;
use crate::setting::catalogue;

/// The check.
pub static CHECK: Check = Check { id: "dead-sysctl-line", page: include_str!("dead_sysctl_line.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    let removed = removed(view);
    let mut concerns = Vec::new();
    for entry in view.reading().entries().filter(|entry| !entry.is_pattern()) {
        let path = &*entry.line.path;
        let why = match entry.line.verb {
            Verb::Nonsense => "it is not an assignment: there is no `=`",
            Verb::Set if !entry.line.optional && set_before_its_module::waits_for(path).is_none() => {
                match removed.get(path) {
                    Some(why) => why,
                    None if view.missing.is_some_and(|missing| missing.contains(path)) => {
                        "this kernel does not have it"
                    }
                    None => continue,
                }
            }
            Verb::Set | Verb::Exclude => continue,
        };
        concerns.push(
            Concern::of(&CHECK, Severity::Warning, entry.key())
                .seen("line", entry.origin())
                .seen("why", why)
                .advise("delete the line"),
        );
    }
    concerns
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
