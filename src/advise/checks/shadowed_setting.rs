#![doc = include_str!("shadowed_setting.md")]

use std::collections::HashMap;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Verb;

/// The check.
pub static CHECK: Check = Check { id: "shadowed-setting", page: include_str!("shadowed_setting.md") };

/// So many shadowed lines of one setting are told; of more the number.
const MOST_LINES: usize = 3;

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    // The last line that spells a key out wins, for both loaders, whatever patterns say.
    let mut lines: HashMap<&[u8], Vec<&Entry<'_>>> = HashMap::new();
    for entry in view.reading().entries() {
        if entry.line.verb == Verb::Set && !entry.is_pattern() {
            lines.entry(&entry.line.path).or_default().push(entry);
        }
    }
    let mut lines: Vec<_> = lines.into_values().filter(|entries| entries.len() > 1).collect();
    lines.sort_by(|one, other| one[0].line.path.cmp(&other[0].line.path));
    lines.into_iter().filter_map(|entries| concern(&entries)).collect()
}

fn concern(entries: &[&Entry<'_>]) -> Option<Concern> {
    let (winner, others) = entries.split_last()?;
    let own = |entry: &&&Entry<'_>| entry.file.starts_with("/etc/") || entry.file.starts_with("/run/");
    let loses = |entry: &&&Entry<'_>| {
        entry.file != winner.file
            && entry.line.value != winner.line.value
            && entry.assigned().value != winner.assigned().value
    };
    let mut lost = others.iter().filter(own).filter(loses);
    let told = |entry: &&Entry<'_>| format!("{} ({})", entry.assigned().value, entry.origin());
    let mut shown: Vec<String> = lost.by_ref().take(MOST_LINES).map(told).collect();
    let more = lost.count();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    if shown.is_empty() {
        return None;
    }
    Some(
        Concern::of(&CHECK, Severity::Note, winner.key())
            .seen("shadowed", shown.join(", "))
            .seen("by", told(winner))
            .advise("decide which value is wanted, and delete the other line"),
    )
}
