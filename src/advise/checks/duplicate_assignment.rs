#![doc = include_str!("duplicate_assignment.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Named;

/// The check.
pub static CHECK: Check = Check { id: "duplicate-assignment", page: include_str!("duplicate_assignment.md") };

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    let mut lines: Vec<&Entry<'_>> = Vec::new();
    for name in view.reading().names() {
        lines.clear();
        lines.extend(name.assignments());
        // The lines of a file stand together.
        for lines in lines.chunk_by(|one, other| one.is_beside(other)).filter(|lines| lines.len() > 1) {
            let same = lines.windows(2).all(|pair| pair[0].assigns_as(pair[1]));
            let severity = if same { Severity::Note } else { Severity::Warning };
            found.add(severity, || concern(severity, name, lines));
        }
    }
}

fn concern(severity: Severity, name: Named<'_, '_>, lines: &[&Entry<'_>]) -> Concern {
    let last = lines[lines.len() - 1];
    let numbers: Vec<String> = lines.iter().map(|entry| entry.number().to_string()).collect();
    Concern::of(&CHECK, severity, name.key())
        .seen("file", last.file)
        .seen("lines", numbers.join(" "))
        .advise(format!("keep line {} of {} and delete the others", last.number(), last.file))
}
