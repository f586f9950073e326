#![doc = include_str!("duplicate_assignment.md")]

use std::collections::BTreeMap;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Verb;

/// The check.
pub static CHECK: Check = Check { id: "duplicate-assignment", page: include_str!("duplicate_assignment.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    let mut lines: BTreeMap<(&str, &[u8]), Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in view.reading().entries().filter(|entry| entry.line.verb == Verb::Set) {
        lines.entry((entry.file, &entry.line.path)).or_default().push(entry);
    }
    lines.retain(|_, entries| entries.len() > 1);
    lines.into_values().map(|entries| concern(&entries)).collect()
}

fn concern(entries: &[&Entry<'_>]) -> Concern {
    let last = entries[entries.len() - 1];
    let numbers: Vec<String> = entries.iter().map(|entry| entry.line.number.to_string()).collect();
    Concern {
        check: &CHECK,
        severity: if entries.iter().all(|entry| entry.line.value == last.line.value) {
            Severity::Note
        } else {
            Severity::Warning
        },
        subject: last.key(),
        evidence: vec![("file", last.file.into()), ("lines", numbers.join(" "))],
        advice: vec![format!("keep line {} of {} and delete the others", last.line.number, last.file)],
    }
}
