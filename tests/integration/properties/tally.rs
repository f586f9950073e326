//! What random histories met.

use std::collections::BTreeMap;

/// How often what was met.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) events: usize,
    met: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.events += other.events;
        for (what, count) in &other.met {
            *self.met.entry(what).or_default() += count;
        }
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    pub(crate) fn met_everything(&self) -> bool {
        [
            "applied",
            "undone",
            "incomplete",
            "failed again",
            "killed",
            "rolled back",
            "conflict",
            "nothing",
            "stopped by what is open",
            "told beside damage",
            "hidden by damage",
        ]
        .iter()
        .all(|what| self.met.contains_key(what))
    }
}
