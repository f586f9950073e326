#![doc = include_str!("duplicate_assignment.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Verb;

/// The check.
pub static CHECK: Check = Check { id: "duplicate-assignment", page: include_str!("duplicate_assignment.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    let entries = view.reading().entries().filter(|entry| entry.line.verb == Verb::Set);
    let mut lines: Vec<&Entry<'_>> = entries.collect();
    let mut concerns = Vec::new();
    // The lines of a file stand together.
    for file in lines.chunk_by_mut(|one, other| one.file == other.file) {
        file.sort_by(|one, other| one.line.path.cmp(&other.line.path));
        let same = file.chunk_by(|one, other| one.line.path == other.line.path);
        concerns.extend(same.filter(|entries| entries.len() > 1).map(concern));
    }
    concerns
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
