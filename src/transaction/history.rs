//! What was applied and rolled back here, and what of it is in force.

use std::path::PathBuf;
use std::time::Duration;

use crate::facts::Identity;
use crate::transaction::Command;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::Store;
use crate::transaction::StoreError;
use crate::transaction::confirm;
use crate::transaction::record::Ending;

/// One apply or rollback.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it was to do.
    pub record: Record,
    /// How it ended.
    pub state: State,
    /// Whether its values are what the machine has from it.
    pub in_force: bool,
    /// Whether the network namespace that it changed is known to be gone, and its values with it.
    pub namespace_gone: bool,
    /// Its rollback file.
    pub rollback_file: PathBuf,
    /// The settings that could not be put back, or were left to somebody who had changed them since.
    pub left: Vec<String>,
    /// How long it still waits to be confirmed, where it does.
    pub waits: Option<Duration>,
}

/// How an entry ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It ended so.
    Ended(Outcome),
    /// It is under way.
    Running,
    /// It was interrupted and has to be settled.
    Interrupted,
}

impl State {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ended(outcome) => outcome.name(),
            Self::Running => "running",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The entries of a state directory, oldest first.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn history(store: &Store, here: &Identity) -> Result<Vec<Entry>, StoreError> {
    let (entries, mut damaged) = readable_history(store, here)?;
    damaged.pop().map_or(Ok(entries), Err)
}

/// The same where some of its files are damaged: the others, as if those had never been, and what is wrong with them.
///
/// # Errors
/// The state directory is not acceptable.
pub fn readable_history(store: &Store, here: &Identity) -> Result<(Vec<Entry>, Vec<StoreError>), StoreError> {
    let (mut records, mut damaged) = store.readable(here)?;
    let is_open = |(_, ending): &(Record, Option<Ending>)| ending.is_none();
    // One that was under way may have ended since; one that began since is not looked at.
    let busy = records.iter().any(is_open) && store.is_busy();
    if !busy && records.iter().any(is_open) {
        let newest = records.last().map(|(record, _)| record.id.clone());
        (records, damaged) = store.readable(here)?;
        let known = records.iter().position(|(record, _)| Some(&record.id) == newest.as_ref());
        records.truncate(known.map_or(0, |at| at + 1));
    }
    let due = store.due_ids()?;
    let in_force = in_force(&records, here);
    let entries = records.into_iter().zip(in_force);
    let mut entries: Vec<Entry> = entries
        .map(|((record, ending), in_force)| Entry {
            left: ending.as_ref().map(Ending::all_left).unwrap_or_default(),
            state: match ending {
                // What was on probation and is no longer in force was undone, by hand, by time or by a reboot.
                Some(ending) if ending.outcome == Outcome::Pending && !in_force => {
                    State::Ended(Outcome::Undone)
                }
                // What an undone rollback brought back is on probation no more.
                Some(ending) if ending.outcome == Outcome::Pending && !due.contains(&record.id) => {
                    State::Ended(Outcome::Applied)
                }
                Some(ending) => State::Ended(ending.outcome),
                None if busy => State::Running,
                None if !record.origin.same_boot(here) && !record.touches_boot() => {
                    State::Ended(Outcome::Undone)
                }
                None => State::Interrupted,
            },
            // Of a rollback there is nothing in force: it brought back what was.
            in_force: in_force && record.command == Command::Apply,
            // Nobody looked yet.
            namespace_gone: false,
            rollback_file: store.path_of(&record.id),
            waits: None,
            record,
        })
        .collect();
    for entry in entries.iter_mut().filter(|entry| entry.state == State::Ended(Outcome::Pending)) {
        entry.waits = Some(Duration::from_secs(confirm::left(store, &entry.record, here)?));
    }
    Ok((entries, damaged))
}

/// Whether nothing waits to be settled, which a single look at the names tells: nothing is on probation, and
/// everything that was begun came to its end.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn is_settled(store: &Store) -> Result<bool, StoreError> {
    store.is_settled()
}

/// The records of this boot that were begun, did not end, and are not under way: `rollback` has to settle them.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn interrupted(
    store: &Store,
    here: impl FnOnce() -> Option<Identity>,
) -> Result<Vec<Record>, StoreError> {
    let mut unfinished = store.unfinished()?;
    // Nearly always there is none, and then nobody needs to know where this is.
    if unfinished.is_empty() || store.is_busy() {
        return Ok(Vec::new());
    }
    let here = here();
    // One that was under way may have ended before it was seen that nobody is at work.
    let still = store.unfinished()?;
    // Where nobody can tell which boot this is, it may be the same.
    let same_boot = |record: &Record| here.as_ref().is_none_or(|here| record.origin.same_boot(here));
    let counts = |record: &Record| same_boot(record) || record.touches_boot();
    unfinished.retain(|record| counts(record) && still.contains(record));
    Ok(unfinished)
}

/// Whether values that a record wrote are there, all or some of them. A rollback of which something could not be put
/// back leaves the apply in force, to be rolled back again.
pub(super) fn counts(record: &Record, ending: &Ending) -> bool {
    match ending.outcome {
        Outcome::Applied | Outcome::Pending | Outcome::RolledBack => true,
        // One that only passed over what somebody else had changed did all that there was to do.
        Outcome::Incomplete => record.command == Command::Apply || ending.left.is_empty(),
        Outcome::Unchanged | Outcome::Undone | Outcome::Refused => false,
    }
}

/// For each record, whether its values are in force: it went through, nothing undid it, and either the machine was not
/// rebooted since or the boot sets them again. Of a rollback: whether it was the last word about its apply.
pub(super) fn in_force(records: &Records, here: &Identity) -> Vec<bool> {
    let mut in_force = vec![false; records.len()];
    let index = |id: &String| records.iter().position(|(record, _)| record.id == *id);
    // For each apply, the rollback that was the last word about it.
    let mut last_word = vec![None; records.len()];
    for (at, (record, ending)) in records.iter().enumerate() {
        let went_through = match ending {
            Some(ending) => counts(record, ending),
            // Interrupted: some of it may be there.
            None => record.command == Command::Apply,
        };
        in_force[at] = went_through;
        let Some(undone) = record.undoes.as_ref().and_then(index).filter(|_| went_through) else { continue };
        // To undo a rollback is to bring back what it undid.
        let revived = records[undone].0.undoes.as_ref().and_then(index);
        let apply = revived.unwrap_or(undone);
        in_force[apply] = revived.is_some();
        if let Some(earlier) = last_word[apply].replace(at) {
            in_force[earlier] = false;
        }
    }
    for (at, (record, _)) in records.iter().enumerate() {
        let lasts = record.origin.same_boot(here) || record.touches_boot();
        in_force[at] &= record.origin.same_machine(here) && lasts;
    }
    in_force
}
