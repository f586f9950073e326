#![doc = include_str!("comment_inside_value.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Verb;

/// The check.
pub static CHECK: Check = Check { id: "comment-inside-value", page: include_str!("comment_inside_value.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    let lines = view.reading().entries().filter(|entry| entry.line.verb == Verb::Set);
    lines.filter(|entry| has_comment(entry.line.value)).map(concern).collect()
}

fn concern(entry: &Entry<'_>) -> Concern {
    Concern::of(&CHECK, Severity::Warning, entry.key())
        .seen("line", entry.origin().to_string())
        .seen("value", entry.assigned().value)
        .advise("put the comment on a line of its own above")
}

fn has_comment(value: &[u8]) -> bool {
    let marks = |byte: &u8| matches!(byte, b'#' | b';');
    value.first().is_some_and(marks)
        || value.windows(2).any(|pair| matches!(pair[0], b' ' | b'\t') && marks(&pair[1]))
}
