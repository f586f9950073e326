//! Which value lies below which apply: for every setting, the records in force that changed it, oldest first.

use std::collections::BTreeMap;

use crate::facts::Identity;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::catalogue;
use crate::transaction::Choice;
use crate::transaction::Command;
use crate::transaction::Records;
use crate::transaction::history::counts;
use crate::transaction::record::AlsoChanged;

/// Where a rollback takes a setting.
pub(super) struct Aim {
    pub(super) key: Key,
    pub(super) kind: Kind,
    /// The value that we left there.
    pub(super) from: Option<String>,
    /// The value to bring back.
    pub(super) to: Option<String>,
    pub(super) also: Vec<(Key, Kind, String)>,
    /// Whether a later record in force holds the setting.
    pub(super) superseded: bool,
}

/// Where each setting of the record goes, the last change first.
pub(super) fn aims(choice: &Choice, records: &Records, settling: bool, here: &Identity) -> Vec<Aim> {
    let record = &choice.record;
    let chains = Chains::replay(records, here);
    // An interrupted rollback is brought to its end, anything else is undone.
    let forward = settling && record.command == Command::Rollback;
    // What an undone write changed besides is in the record of that write; a rollback's own record has what there
    // was before the rollback.
    let undone = record.undoes.as_ref().filter(|_| forward);
    let undone = undone.and_then(|id| records.iter().find(|(other, _)| other.id == *id));
    let saved = undone.map_or(record, |(undone, _)| undone);
    let mut changes: Vec<_> = record.changes.iter().collect();
    if !forward {
        changes.reverse();
    }
    changes
        .into_iter()
        .filter_map(|change| {
            let key = Key::parse(&change.key).ok()?;
            let kind = catalogue::find_or_text(&key)?.kind;
            let (before, after) = (change.before.clone(), change.after.clone());
            let link = choice.known.then(|| chains.link(&change.key, &record.id)).flatten();
            let (from, to, superseded) = match link {
                _ if forward => (before, after, false),
                _ if settling => (after, before, false),
                Some((link, top)) => (link.after.clone(), link.before.clone(), !top),
                None => (after, before, false),
            };
            let own = saved.changes.iter().find(|saved| saved.key == change.key).unwrap_or(change);
            let link = choice.known.then(|| chains.link(&change.key, &saved.id)).flatten();
            let also = link.map_or(&own.also, |(link, _)| &link.also);
            let also = also.iter().filter_map(|also| {
                let key = Key::parse(&also.key).ok()?;
                let kind = catalogue::find_or_text(&key)?.kind;
                Some((key, kind, also.before.clone()))
            });
            Some(Aim { kind, from, to, also: also.collect(), superseded, key })
        })
        .collect()
}

/// For every setting, the records in force that changed it, oldest first: what lies below each is what its
/// rollback brings back.
struct Chains {
    by_key: BTreeMap<String, Vec<Link>>,
}

struct Link {
    id: String,
    before: Option<String>,
    after: Option<String>,
    /// What its write changed besides, with the values that lie below as well.
    also: Vec<AlsoChanged>,
}

impl Chains {
    /// Replays the history of this boot and namespace.
    fn replay(records: &Records, here: &Identity) -> Self {
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
                let link = Link {
                    id: holder.clone(),
                    before: change.before.clone(),
                    after: change.after.clone(),
                    also: change.also.clone(),
                };
                chains.by_key.entry(change.key.clone()).or_default().push(link);
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
    fn link(&self, key: &str, id: &str) -> Option<(&Link, bool)> {
        let chain = self.by_key.get(key)?;
        let at = chain.iter().position(|link| link.id == id)?;
        Some((&chain[at], at + 1 == chain.len()))
    }
}
