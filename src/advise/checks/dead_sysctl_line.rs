#![doc = include_str!("dead_sysctl_line.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::set_before_its_module;
use crate::facts::boot::Verb;
use crate::setting::Key;
use crate::setting::catalogue;

/// The check.
pub static CHECK: Check = Check { id: "dead-sysctl-line", page: include_str!("dead_sysctl_line.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    let mut concerns = Vec::new();
    for entry in view.reading().entries().filter(|entry| !entry.is_pattern()) {
        let key = entry.key();
        let why = match entry.line.verb {
            Verb::Nonsense => Some("it is not an assignment: there is no `=`".to_owned()),
            Verb::Set
                if !entry.line.optional && set_before_its_module::waits_for(&entry.line.path).is_none() =>
            {
                removed(view, &key).or_else(|| {
                    let missing = view.missing.is_some_and(|missing| missing.contains(&key));
                    missing.then(|| "this kernel does not have it".into())
                })
            }
            Verb::Set | Verb::Exclude => None,
        };
        concerns.extend(why.map(|why| {
            Concern::of(&CHECK, Severity::Warning, key)
                .seen("line", entry.origin().to_string())
                .seen("why", why)
                .advise("delete the line")
        }));
    }
    concerns
}

/// Why the catalogue knows that the host's kernel does not have a key.
fn removed(view: &BootView<'_>, key: &str) -> Option<String> {
    catalogue::find(&Key::parse(key).ok()?)?.missing_in(view.host.version?)
}
