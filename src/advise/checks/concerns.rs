//! What one check finds, as far as it is told: a tree of a thousand files is full of it.

use crate::advise::checks::Concern;
use crate::advise::checks::Severity;

/// So many are told, the worst first; of more the number.
const MOST: usize = 20;

/// What one check finds.
#[derive(Default)]
pub(super) struct Concerns {
    /// In the order of their severity, then as they were found.
    told: Vec<Concern>,
    /// How many others there are, and how bad the worst of them is.
    others: usize,
    worst_other: Option<Severity>,
}

impl Concerns {
    /// Adds one, which is put into words only where it is told.
    pub(super) fn add(&mut self, severity: Severity, words: impl FnOnce() -> Concern) {
        let mut left = Some(severity);
        if self.told.len() < MOST {
            left = None;
        } else if self.told.last().is_some_and(|last| severity < last.severity) {
            left = self.told.pop().map(|last| last.severity);
        }
        if left != Some(severity) {
            let at = self.told.partition_point(|concern| concern.severity <= severity);
            self.told.insert(at, words());
        }
        if let Some(left) = left {
            self.others += 1;
            self.worst_other = Some(self.worst_other.map_or(left, |worst| worst.min(left)));
        }
    }

    /// All that is to be told.
    pub(super) fn told(mut self) -> Vec<Concern> {
        if let (Some(severity), Some(first)) = (self.worst_other, self.told.first()) {
            let others = Concern::of(first.check, severity, format!("{} more like these", self.others))
                .seen("not_listed", self.others)
                .advise("mend those above, then check again");
            self.told.push(others);
        }
        self.told
    }
}
