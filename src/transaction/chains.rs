//! Which record in force holds a setting, and what lies below it.

use std::collections::BTreeMap;

use crate::facts::Identity;
use crate::transaction::history::counts;
use crate::transaction::record::AlsoChanged;
use crate::transaction::rollback::Records;

/// For every setting, the records in force that changed it, oldest first: what lies below each is what its
/// rollback brings back.
pub(super) struct Chains {
    by_key: BTreeMap<String, Vec<Link>>,
}

pub(super) struct Link {
    id: String,
    pub(super) before: String,
    pub(super) after: String,
    /// What its write changed besides, with the values that lie below as well.
    pub(super) also: Vec<AlsoChanged>,
}

impl Chains {
    /// Replays the history of this boot and namespace.
    pub(super) fn replay(records: &Records, here: &Identity) -> Self {
        let mut chains = Self { by_key: BTreeMap::new() };
        for (record, ending) in records {
            let counts = ending.as_ref().is_some_and(|ending| counts(record, ending));
            if !counts || !record.origin.is_here(here) {
                continue;
            }
            if let Some(undone) = &record.undoes {
                chains.take_out(undone);
            }
            // A rollback of an apply only takes out; of a rollback, it brings the apply back.
            let holder = match &record.undoes {
                None => Some(record.id.clone()),
                Some(undone) => records
                    .iter()
                    .find(|(other, _)| other.id == *undone)
                    .and_then(|(other, _)| other.undoes.clone()),
            };
            let Some(holder) = holder else { continue };
            for change in &record.changes {
                if let (Some(before), Some(after)) = (&change.before, &change.after) {
                    let (id, before, after) = (holder.clone(), before.clone(), after.clone());
                    let link = Link { id, before, after, also: change.also.clone() };
                    chains.by_key.entry(change.key.clone()).or_default().push(link);
                }
            }
        }
        chains
    }

    /// Takes a record out of every chain; what lay above it now lies on what lay below it.
    fn take_out(&mut self, id: &str) {
        for chain in self.by_key.values_mut() {
            if let Some(at) = chain.iter().position(|link| link.id == id) {
                let gone = chain.remove(at);
                if let Some(above) = chain.get_mut(at) {
                    above.before = gone.before;
                    above.also = gone.also;
                }
            }
        }
    }

    /// The record's link in a setting's chain, and whether it is the last.
    pub(super) fn link(&self, key: &str, id: &str) -> Option<(&Link, bool)> {
        let chain = self.by_key.get(key)?;
        let at = chain.iter().position(|link| link.id == id)?;
        Some((&chain[at], at + 1 == chain.len()))
    }
}
