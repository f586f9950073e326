//! Which value lies below which apply: for every setting, the records in force that changed it, oldest first.

use std::collections::BTreeMap;

use crate::facts::Identity;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::catalogue;
use crate::transaction::Choice;
use crate::transaction::Command;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::history::counts;
use crate::transaction::record::Ending;

/// Where a rollback takes the settings of its record.
pub(super) struct Aims {
    /// Those that the record wrote, in the order in which they are taken back.
    pub(super) written: Vec<Aim>,
    /// Those that these writes changed besides and that no later record holds.
    pub(super) besides: BTreeMap<Key, Beside>,
    /// What an earlier rollback of the record could not put back, with the values that it had.
    pub(super) owed: BTreeMap<Key, Option<String>>,
}

/// Where a rollback takes a setting.
pub(super) struct Aim {
    pub(super) key: Key,
    pub(super) kind: Kind,
    /// The value that we left there.
    pub(super) from: Option<String>,
    /// Whether it is certain that we left that.
    pub(super) sure: bool,
    /// The value to bring back.
    pub(super) to: Option<String>,
    /// What its write changed besides.
    pub(super) also: Vec<Key>,
    /// Why it is left as it is, where it is not this record's to bring back.
    pub(super) left: Option<&'static str>,
}

/// Where a rollback takes a setting that a write changed besides.
pub(super) struct Beside {
    pub(super) kind: Kind,
    /// The value that the write left there, where that was noted.
    pub(super) from: Option<String>,
    /// The value to bring back.
    pub(super) to: String,
}

/// Where each setting of the record goes.
pub(super) fn aims(choice: &Choice, records: &Records, settling: bool, here: &Identity) -> Aims {
    let mut aims = match choice.record.command {
        Command::Rollback if settling => forward(&choice.record),
        _ => back(choice, records, settling, here),
    };
    // What was written as well goes where that goes.
    for aim in &aims.written {
        aims.besides.remove(&aim.key);
    }
    aims
}

/// An interrupted rollback is brought to its end: its record says where it was going.
fn forward(record: &Record) -> Aims {
    let mut aims = Aims { written: Vec::new(), besides: BTreeMap::new(), owed: BTreeMap::new() };
    for change in record.live() {
        let Some((key, kind)) = known(&change.key) else { continue };
        let also = change.also.iter().filter_map(|also| Some((known(&also.key)?, also.after.clone()?)));
        let also = also.map(|((key, kind), to)| (key, Beside { kind, from: None, to }));
        let also: BTreeMap<Key, Beside> = also.collect();
        let (from, to) = (change.before.clone(), change.after.clone());
        let sure = !is_reset(&change.key, record);
        let keys = also.keys().cloned().collect();
        aims.written.push(Aim { key, kind, from, sure, to, also: keys, left: None });
        aims.besides.extend(also);
    }
    aims
}

/// Anything else is undone, the last change first.
fn back(choice: &Choice, records: &Records, settling: bool, here: &Identity) -> Aims {
    let record = &choice.record;
    let chains = Chains::replay(records, here);
    let link = |key: &str| chains.link(key, &record.id).filter(|_| choice.known && !settling);
    let in_chains = choice.known && !settling && record.command == Command::Apply;
    let ending = records.iter().find(|(other, _)| choice.known && other.id == record.id);
    let ending = ending.and_then(|(_, ending)| ending.as_ref());
    let left = |key: &str| ending.and_then(|ending| ending.besides.get(key).cloned());
    let last = records.iter().rfind(|(other, _)| choice.known && other.undoes.as_ref() == Some(&record.id));
    let failed = |(other, ending): &&(Record, Option<Ending>)| {
        !ending.as_ref().is_some_and(|ending| counts(other, ending))
    };
    // But for what it owes, all is as it was before it.
    let owed = last.filter(failed).map(|attempt| chains.owed_by(attempt)).unwrap_or_default();
    // Who set what is not to be told any more where it was not noted what could not be put back.
    let unsure = settling || ending.is_some_and(|ending| ending.outcome == Outcome::Incomplete);
    let mut aims = Aims { written: Vec::new(), besides: BTreeMap::new(), owed };
    for change in record.live().rev() {
        let Some((key, kind)) = known(&change.key) else { continue };
        let (before, after) = (change.before.clone(), change.after.clone());
        let (from, to, stays) = match link(&change.key) {
            Some((link, top)) => {
                let above = (!top).then_some("a later apply changed it too, and stays in force");
                (if link.noted { link.after.clone() } else { after }, link.before.clone(), above)
            }
            None if in_chains => {
                (after, before, Some("it had this value already when the rollback was undone"))
            }
            None => (after, before, None),
        };
        let mut also = Vec::new();
        for saved in change.also.iter().filter(|_| record.origin.same_boot(here)) {
            let Some((key, kind)) = known(&saved.key) else { continue };
            let (from, to) = match link(&saved.key) {
                Some((Link { before: Some(before), after, .. }, true)) => (after.clone(), before.clone()),
                // A later record holds it.
                _ if in_chains => continue,
                _ => (left(&saved.key), saved.before.clone()),
            };
            let from = from.filter(|_| !unsure || aims.owed.contains_key(&key));
            also.push(key.clone());
            aims.besides.insert(key, Beside { kind, from, to });
        }
        // What an earlier rollback left there is nobody else's doing.
        let sure = !(aims.owed.contains_key(&key) || unsure && is_reset(&change.key, record));
        aims.written.push(Aim { key, kind, from, sure, to, also, left: stays });
    }
    // What is not this record's to bring back was as it should be before that rollback.
    for (key, was) in &aims.owed {
        let own = |aim: &Aim| aim.key == *key && aim.left.is_none();
        if aims.besides.contains_key(key) || aims.written.iter().any(own) {
            continue;
        }
        let Some(kind) = catalogue::find_or_text(key).map(|setting| setting.kind) else { continue };
        aims.written.retain(|aim| aim.key != *key);
        let (key, to) = (key.clone(), was.clone());
        aims.written.push(Aim { key, kind, from: None, sure: false, to, also: Vec::new(), left: None });
    }
    aims
}

/// Whether another write of the record changes this setting besides.
fn is_reset(key: &str, record: &Record) -> bool {
    record.changes.iter().any(|change| change.also.iter().any(|also| also.key == key))
}

fn known(key: &str) -> Option<(Key, Kind)> {
    let key = Key::parse(key).ok()?;
    let kind = catalogue::find_or_text(&key)?.kind;
    Some((key, kind))
}

/// For every setting, the records in force that changed it, oldest first: what lies below each is what its
/// rollback brings back. What a write changed besides itself counts like what was written.
struct Chains {
    by_key: BTreeMap<String, Vec<Link>>,
}

struct Link {
    id: String,
    before: Option<String>,
    after: Option<String>,
    /// False where a write changed it besides and what that left was not noted.
    noted: bool,
}

impl Chains {
    /// Replays the history of this boot and namespace.
    fn replay(records: &Records, here: &Identity) -> Self {
        let mut chains = Self { by_key: BTreeMap::new() };
        for (record, ending) in records {
            let Some(ending) = ending.as_ref().filter(|ending| counts(record, ending)) else { continue };
            // Also where a later apply held all that its own boot sets, so that nothing of it seems to outlive that.
            if let Some(undone) = record.undoes.as_ref().filter(|_| record.origin.same_machine(here)) {
                chains.take_out(undone);
            }
            // What a boot sets again outlives it.
            let lasts = record.origin.same_machine(here) && record.touches_boot();
            if !record.origin.is_here(here) && !lasts {
                continue;
            }
            // A rollback of an apply only takes out; of a rollback, it brings the apply back.
            let holder = match &record.undoes {
                None => Some(&record.id),
                Some(undone) => records
                    .iter()
                    .find(|(other, _)| other.id == *undone)
                    .and_then(|(other, _)| other.undoes.as_ref()),
            };
            if let Some(holder) = holder {
                chains.put_on(record, ending, holder, record.origin.same_boot(here));
            }
        }
        chains
    }

    fn put_on(&mut self, record: &Record, ending: &Ending, holder: &str, same_boot: bool) {
        let mut put_on = |key: &str, before: Option<&String>, after: Option<&String>, noted: bool| {
            let chain = self.by_key.entry(key.to_owned()).or_default();
            // Two writes of one record may have changed it besides.
            if chain.last().is_none_or(|last| last.id != holder) {
                let (before, after) = (before.cloned(), after.cloned());
                chain.push(Link { id: holder.into(), before, after, noted });
            }
        };
        for change in record.live().filter(|change| same_boot || record.boots(&change.key)) {
            put_on(&change.key, change.before.as_ref(), change.after.as_ref(), true);
        }
        for also in record.live().filter(|_| same_boot).flat_map(|change| &change.also) {
            // Also what it left as it was: it would have changed another value.
            let after = ending.besides.get(&also.key);
            put_on(&also.key, Some(&also.before), after, after.is_some());
        }
    }

    /// Takes a record out of every chain; what lay above it now lies on what lay below it.
    fn take_out(&mut self, id: &str) {
        for chain in self.by_key.values_mut() {
            if let Some(at) = chain.iter().position(|link| link.id == id) {
                let gone = chain.remove(at);
                if let Some(above) = chain.get_mut(at) {
                    above.before = gone.before;
                }
            }
        }
    }

    /// What a rollback that did not get through could not put back, where nothing was applied over it since.
    fn owed_by(&self, (attempt, ending): &(Record, Option<Ending>)) -> BTreeMap<Key, Option<String>> {
        let number = |id: &str| id.parse::<u64>().unwrap_or(0);
        let is_later = |link: &Link| number(&link.id) > number(&attempt.id);
        let open = |key: &str| !self.by_key.get(key).and_then(|chain| chain.last()).is_some_and(is_later);
        let owed = ending.iter().flat_map(|ending| &ending.owed).filter(|(key, _)| open(key));
        owed.filter_map(|(key, was)| Some((Key::parse(key).ok()?, was.clone()))).collect()
    }

    /// The record's link in a setting's chain, and whether it is the last.
    fn link(&self, key: &str, id: &str) -> Option<(&Link, bool)> {
        let chain = self.by_key.get(key)?;
        let at = chain.iter().position(|link| link.id == id)?;
        Some((&chain[at], at + 1 == chain.len()))
    }
}
