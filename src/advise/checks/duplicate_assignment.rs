#![doc = include_str!("duplicate-assignment.md")]

use std::collections::BTreeMap;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Fault;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Verb;

/// The check.
pub(super) static CHECK: Check =
    Check { id: "duplicate-assignment", page: include_str!("duplicate-assignment.md") };

pub(super) fn run(view: &BootView<'_>) -> Vec<Fault> {
    let mut lines: BTreeMap<(&str, &[u8]), Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in view.reading().entries().filter(|entry| entry.line.verb == Verb::Set) {
        lines.entry((entry.file, &entry.line.path)).or_default().push(entry);
    }
    lines.retain(|_, entries| entries.len() > 1);
    lines.into_values().map(|entries| fault(&entries)).collect()
}

fn fault(entries: &[&Entry<'_>]) -> Fault {
    let last = entries[entries.len() - 1];
    let numbers: Vec<String> = entries.iter().map(|entry| entry.line.number.to_string()).collect();
    let alike = entries.iter().all(|entry| entry.line.value == last.line.value);
    let severity = if alike { Severity::Notice } else { Severity::Warning };
    Fault::of(&CHECK, severity, last.key())
        .seen("file", last.file)
        .seen("lines", numbers.join(" "))
        .advise(format!("keep line {} of {} and delete the others", last.line.number, last.file))
}
