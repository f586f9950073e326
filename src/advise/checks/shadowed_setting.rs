#![doc = include_str!("shadowed_setting.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::boot::Entry;
use crate::facts::boot::Named;

/// The check.
pub static CHECK: Check = Check { id: "shadowed-setting", page: include_str!("shadowed_setting.md") };

/// So many shadowed lines of one setting are told; of more the number.
const MOST_LINES: usize = 3;

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    // The last line that spells a key out wins, for both loaders, whatever patterns say.
    for name in view.reading().names().filter(|name| !name.is_pattern()) {
        let Some(winner) = name.assignments().last() else { continue };
        let own = |entry: &&Entry<'_>| entry.file.starts_with("/etc/");
        let loses = |entry: &&Entry<'_>| !entry.is_beside(winner) && !entry.assigns_as(winner);
        let mut lost = name.assignments().filter(loses).filter(own).peekable();
        if lost.peek().is_some() {
            found.add(Severity::Note, || concern(name, winner, lost));
        }
    }
}

fn concern<'r>(
    name: Named<'_, '_>,
    winner: &Entry<'_>,
    mut lost: impl Iterator<Item = &'r Entry<'r>>,
) -> Concern {
    let told = |entry: &Entry<'_>| format!("{} ({})", entry.assigned().value, entry.origin());
    let mut shown: Vec<String> = lost.by_ref().take(MOST_LINES).map(told).collect();
    let more = lost.count();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    Concern::of(&CHECK, Severity::Note, name.key())
        .seen("shadowed", shown.join(", "))
        .seen("by", told(winner))
        .advise("decide which value is wanted, and delete the other line")
}
