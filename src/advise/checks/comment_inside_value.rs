#![doc = include_str!("comment_inside_value.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Named;

/// The check.
pub static CHECK: Check = Check { id: "comment-inside-value", page: include_str!("comment_inside_value.md") };

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    for name in view.reading().names() {
        for entry in name.assignments().filter(|entry| has_comment(entry.value)) {
            found.add(Severity::Warning, || concern(name, entry));
        }
    }
}

fn concern(name: Named<'_, '_>, entry: &Entry<'_>) -> Concern {
    Concern::of(&CHECK, Severity::Warning, name.key())
        .seen("line", entry.origin().to_string())
        .seen("value", entry.assigned().value)
        .advise("put the comment on a line of its own above")
}

fn has_comment(value: &[u8]) -> bool {
    let marks = |byte: &u8| matches!(byte, b'#' | b';');
    value.first().is_some_and(marks)
        || value.windows(2).any(|pair| matches!(pair[0], b' ' | b'\t') && marks(&pair[1]))
}
