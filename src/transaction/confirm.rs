//! An apply on probation: undone by itself unless it is confirmed in time. `ID.due` holds the moment, in seconds of
//! a clock that goes on through sleep; it is there before the first change, and gone when the matter is settled.
//! A watcher of its own session waits for it, and whatever became of the watcher, the next twtune sees what is overdue.

use std::io;
use std::time::Duration;

use crate::facts::Identity;
use crate::plan;
use crate::plan::Plan;
use crate::plan::Target;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Store;
use crate::transaction::StoreError;
use crate::transaction::TransactionError;
use crate::transaction::edit;
use crate::transaction::edit::Boot;
use crate::transaction::execute::Files;
use crate::transaction::moment::now;
use crate::transaction::record::Confirmed;
use crate::transaction::record::Ending;

/// How long a watcher sleeps at the most before it looks whether the matter is settled.
const NAP: Duration = Duration::from_secs(2);

/// The wish that an apply be undone unless it is confirmed.
pub struct Probation<'a> {
    /// How long it is kept without being confirmed.
    pub within: Duration,
    /// Starts the watcher of a record.
    pub start_watcher: &'a dyn Fn(&str) -> io::Result<()>,
}

/// What became of a watcher's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// It was confirmed, rolled back or put back; there is nothing to do.
    Settled,
    /// Its time is over.
    Overdue,
}

fn due_after(within: Duration) -> u64 {
    // One more: the present second is not over yet.
    now().saturating_add(within.as_secs()).saturating_add(1)
}

/// Puts a record on probation; nothing was changed yet.
pub(super) fn arm(store: &Store, id: &str, probation: &Probation<'_>) -> Result<(), StoreError> {
    store.write_due(id, due_after(probation.within))?;
    (probation.start_watcher)(id).map_err(|error| {
        let _ = store.remove_due(id);
        store.failed("start the watcher of", id, error)
    })
}

/// The records on probation, oldest first, each with the seconds that are left to it; none to one whose machine was
/// rebooted since.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn pending(store: &Store, here: &Identity) -> Result<Vec<(String, u64)>, StoreError> {
    let left = |id: String| {
        let left = left(store, &store.entry(&id)?.0, here)?;
        Ok((id, left))
    };
    store.due_ids()?.into_iter().map(left).collect()
}

/// The seconds that are left to a record on probation; none where the machine was rebooted since.
pub(super) fn left(store: &Store, record: &Record, here: &Identity) -> Result<u64, StoreError> {
    let due = store.due(&record.id)?.filter(|_| record.origin.same_boot(here));
    Ok(due.unwrap_or(0).saturating_sub(now()))
}

/// Whether a record waits to be confirmed.
#[must_use]
pub fn is_on_probation(store: &Store, id: &str) -> bool {
    matches!(store.due(id), Ok(Some(_)))
}

/// Whether all that a plan would change is what applies on probation write to files once they are confirmed.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn is_waiting(store: &Store, plan: &Plan, here: &Identity) -> Result<bool, StoreError> {
    let mut waiting = Vec::new();
    for (id, _) in pending(store, here)?.into_iter().filter(|(_, left)| *left > 0) {
        waiting.extend(store.entry(&id)?.0.boot().cloned());
    }
    let waits = |change: &plan::Change| {
        let mut same = waiting.iter().rev().filter(|waiting| waiting.key == change.key.as_str());
        change.target == Target::Boot && same.next().is_some_and(|waiting| waiting.after == change.after)
    };
    Ok(plan.refused.is_empty() && plan.changes.iter().all(waits))
}

/// Gives every record on probation this much time from now; the ids.
///
/// # Errors
/// The state cannot be written.
pub fn extend(
    store: &Store,
    within: Duration,
    here: &Identity,
    say: &dyn Fn(&str),
) -> Result<Vec<String>, TransactionError> {
    let _lock = store.lock(&|| None, say)?;
    let mut extended = Vec::new();
    for (id, left) in pending(store, here)? {
        if left > 0 {
            store.write_due(&id, due_after(within))?;
            extended.push(id);
        }
    }
    Ok(extended)
}

/// Keeps every apply on probation whose time is not over; the ids.
///
/// # Errors
/// The state is not acceptable or cannot be written.
pub fn confirm(
    store: &Store,
    here: &Identity,
    boot: Option<Boot<'_>>,
    say: &dyn Fn(&str),
) -> Result<Vec<String>, TransactionError> {
    let _lock = store.lock(&|| None, say)?;
    let mut confirmed = Vec::new();
    for (id, left) in pending(store, here)? {
        let (record, ending) = store.entry(&id)?;
        match ending {
            Some(ending) if ending.outcome == Outcome::Pending && left > 0 => {
                keep(store, (&record, &ending), here, boot)
                    .map_err(|why| TransactionError::NotConfirmed { id: id.clone(), why: Box::new(why) })?;
                confirmed.push(id.clone());
            }
            // It waits no more: whoever was to take away its moment could not.
            Some(ending) if ending.outcome != Outcome::Pending => {}
            _ => continue,
        }
        // The ending came first: between the two, the record counts as kept. Should this fail, its watcher finds that
        // there is nothing to undo.
        let _ = store.remove_due(&id);
    }
    Ok(confirmed)
}

/// Writes the files of an apply that was on probation, and notes that it is kept; or neither. Killed between the two, it
/// can be confirmed or undone as before.
fn keep(
    store: &Store,
    (record, ending): (&Record, &Ending),
    here: &Identity,
    boot: Option<Boot<'_>>,
) -> Result<(), TransactionError> {
    let mut kept = Ending { outcome: Outcome::Applied, ..ending.clone() };
    let Some(boot) = boot.filter(|_| record.touches_boot()) else {
        return Ok(store.write_ending(&kept, record.touches_boot())?);
    };
    let records = store.records(here)?;
    let (writes, changes) = edit::confirmed_files((record, ending), &records, here, boot)?;
    let behind = records.last().map(|(newest, _)| newest.id.clone()).unwrap_or_default();
    kept.confirmed = Some(Confirmed { behind, files: changes });
    let begun = Ending { outcome: Outcome::Pending, ..kept.clone() };
    let files = Files { folder: Some(boot.0), writes };
    // What it is about to do to which files is on disk before the first is changed.
    let replaced = store.rewrite_ending(&begun).map_err(TransactionError::from).and_then(|()| {
        files.replace_all(|| {
            store.write_ending(&kept, true).inspect_err(|_| {
                let _ = store.write_ending(&begun, false);
            })
        })
    });
    if !matches!(replaced, Ok(()) | Err(TransactionError::FilesLeft(_))) {
        // Nothing of it was done. Should this fail, it counts as begun, and can be begun again.
        let _ = store.rewrite_ending(ending);
    }
    replaced
}

/// The records whose time is over and which nobody has settled.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn overdue(store: &Store, here: impl FnOnce() -> Option<Identity>) -> Result<Vec<String>, StoreError> {
    // Nearly always there is none, and then nobody needs to know where this is.
    if store.due_ids()?.is_empty() {
        return Ok(Vec::new());
    }
    let Some(here) = here() else { return Ok(Vec::new()) };
    // A damaged one stands in no other's way.
    let is_over = |id: &String| {
        let left = store.entry(id).and_then(|(record, _)| left(store, &record, &here));
        left.is_ok_and(|left| left == 0)
    };
    Ok(store.due_ids()?.into_iter().filter(is_over).collect())
}

/// Waits until a record's time is over or it is settled. A reboot ends its time: the clock began anew with it.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn watch(store: &Store, id: &str, here: &Identity) -> Result<Watched, StoreError> {
    loop {
        let Some(due) = store.due(id)? else { return Ok(Watched::Settled) };
        let left = due.saturating_sub(now());
        if left == 0 || !store.entry(id)?.0.origin.same_boot(here) {
            return Ok(Watched::Overdue);
        }
        std::thread::sleep(NAP.min(Duration::from_secs(left)));
    }
}

/// Whether a record still has to be undone for want of a confirmation; where nothing is left to be undone, its
/// probation is over.
pub(super) fn has_to_be_undone(
    store: &Store,
    record: &Record,
    ending: Option<&Ending>,
    here: &Identity,
) -> Result<bool, StoreError> {
    if !matches!(ending.map(|ending| ending.outcome), None | Some(Outcome::Pending)) {
        store.remove_due(&record.id)?;
        return Ok(false);
    }
    // The clock of an earlier boot says nothing.
    let due = |due: u64| due <= now() || !record.origin.same_boot(here);
    // Its time may have been extended while the watcher waited for the lock.
    Ok(store.due(&record.id)?.is_some_and(due))
}
