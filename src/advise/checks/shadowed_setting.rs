#![doc = include_str!("shadowed_setting.md")]

use std::collections::BTreeMap;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Verb;

/// The check.
pub static CHECK: Check = Check { id: "shadowed-setting", page: include_str!("shadowed_setting.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    // The last line that spells a key out wins, for both loaders, whatever patterns say.
    let mut lines: BTreeMap<&[u8], Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in view.reading().entries() {
        if entry.line.verb == Verb::Set && !entry.is_pattern() {
            lines.entry(&entry.line.path).or_default().push(entry);
        }
    }
    lines.into_values().filter_map(|entries| concern(&entries)).collect()
}

fn concern(entries: &[&Entry<'_>]) -> Option<Concern> {
    let (winner, others) = entries.split_last()?;
    let value = winner.assigned().value;
    let own = |entry: &&&Entry<'_>| entry.file.starts_with("/etc/") || entry.file.starts_with("/run/");
    let loses = |entry: &&&Entry<'_>| entry.file != winner.file && entry.assigned().value != value;
    let told = |entry: &&Entry<'_>| format!("{} ({})", entry.assigned().value, entry.origin());
    let lost: Vec<String> = others.iter().filter(own).filter(loses).map(told).collect();
    if lost.is_empty() {
        return None;
    }
    Some(
        Concern::of(&CHECK, Severity::Note, winner.key())
            .seen("shadowed", lost.join(", "))
            .seen("by", format!("{value} ({})", winner.origin()))
            .advise("decide which value is wanted, and delete the other line"),
    )
}
