//! Takes an apply back: the inverse of its record on the same road, without treading on what somebody else
//! changed since.

use std::path::Path;

use crate::facts::Identity;
use crate::facts::LiveState;
use crate::plan::Origin;
use crate::platform::Platform;
use crate::setting::Key;
use crate::setting::Kind;
use crate::transaction::Change;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::Step;
use crate::transaction::StepResult;
use crate::transaction::Store;
use crate::transaction::TransactionError;
use crate::transaction::apply::also_changed;
use crate::transaction::apply::finish;
use crate::transaction::apply::recorded;
use crate::transaction::apply::transact;
use crate::transaction::chain::aims;
use crate::transaction::confirm;
use crate::transaction::execute::Write;
use crate::transaction::execute::execute;
use crate::transaction::execute::same;
use crate::transaction::history::in_force;
use crate::transaction::record::Ending;
use crate::transaction::record::is_id;
use crate::transaction::store;

/// What a rollback is about.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The record to undo.
    pub record: Record,
    /// Whether it was interrupted, so that this settles it.
    pub interrupted: bool,
    /// Whether it is in the history here. A rollback file may come from another, where its id means something else.
    pub known: bool,
}

/// Finds the record that a rollback is about: the one of this id or file, else an interrupted one, else the newest
/// apply in force. None where there is nothing to undo. Without a name, records in `beyond_reach` are passed over.
///
/// # Errors
/// The state or the file is not acceptable, or there is no such record.
pub fn choose(
    store: Option<&Store>,
    named: Option<&str>,
    here: &Identity,
    beyond_reach: &[String],
) -> Result<Option<Choice>, TransactionError> {
    let records = store.map(Store::records).transpose()?.unwrap_or_default();
    if let Some(name) = named.filter(|name| !is_id(name)) {
        let record = store::read_record(Path::new(name))?;
        let itself = records.iter().find(|(known, _)| *known == record);
        let found = itself.or_else(|| records.iter().find(|(known, _)| known.is_same_event(&record)));
        return Ok(Some(match found {
            Some((record, ending)) => {
                Choice { record: record.clone(), interrupted: ending.is_none(), known: true }
            }
            None => Choice { record, interrupted: false, known: false },
        }));
    }
    let chosen = match named {
        Some(id) => {
            let found = records.iter().find(|(record, _)| record.id == id);
            Some(found.ok_or_else(|| TransactionError::UnknownId(id.into()))?)
        }
        None => records.iter().find(|(_, ending)| ending.is_none()).or_else(|| {
            let in_force = in_force(&records, here);
            let newest = |at: &usize| {
                let record = &records[*at].0;
                in_force[*at] && record.command == Command::Apply && !beyond_reach.contains(&record.id)
            };
            (0..records.len()).rev().find(newest).map(|at| &records[at])
        }),
    };
    Ok(chosen.map(|(record, ending)| Choice {
        record: record.clone(),
        interrupted: ending.is_none(),
        known: true,
    }))
}

/// What to undo, and what the record says of it.
#[derive(Debug)]
pub struct Undo<'a> {
    /// What was chosen.
    pub choice: &'a Choice,
    /// Where this is, for the record.
    pub origin: Origin,
    /// Which host, boot and namespace this is.
    pub here: Identity,
    /// When, UTC.
    pub time: String,
    /// The settings that are undone although somebody else changed them.
    pub forced: &'a [Key],
    /// Whether this undoes an apply that was not confirmed in time: nobody can be asked, so what somebody else
    /// changed since is left and named, and the rest is put back.
    pub unconfirmed: bool,
}

/// Undoes what was chosen. `interruption` says why to stop, once there is a reason; `say` hears of waiting.
///
/// # Errors
/// Why nothing was changed.
pub fn rollback(
    store: &Store,
    undo: &Undo<'_>,
    platform: &dyn Platform,
    interruption: &dyn Fn() -> Option<String>,
    say: &dyn Fn(&str),
) -> Result<Done, TransactionError> {
    let _lock = store.lock(interruption, say)?;
    if let Some(done) = settled_by_reboot(store, undo)? {
        return Ok(done);
    }
    let records = store.records()?;
    if undo.unconfirmed {
        let known = records.iter().find(|(record, _)| record.id == undo.choice.record.id);
        let ending = known.and_then(|(_, ending)| ending.as_ref());
        if !confirm::has_to_be_undone(store, &undo.choice.record, ending)? {
            return Ok(nothing_left(store, undo, "it was settled meanwhile"));
        }
    }
    if let Some(done) = undone_already(store, undo, &records) {
        let _ = store.remove_due(&undo.choice.record.id);
        return Ok(done);
    }
    let mut look = look(undo, &records, platform)?;
    if look.conflict && !undo.unconfirmed {
        return Ok(look.report(store, undo));
    }
    let mut done = if look.settling {
        settle(store, undo, &mut look.writes, platform, interruption)
    } else {
        let mut record = undo.choice.record.clone();
        if !undo.choice.known {
            record = store.adopt(record)?;
        }
        let (time, origin) = (undo.time.clone(), undo.origin.clone());
        let mut inverse = Record::new(Command::Rollback, time, origin, record.profiles.clone());
        inverse.undoes = Some(record.id.clone());
        inverse.changes = look.writes.iter().map(recorded).collect();
        let undoes = Some(record.id);
        let rolled_back = if look.conflict { Outcome::Incomplete } else { Outcome::RolledBack };
        Done {
            undoes,
            ..transact(store, inverse, &mut look.writes, platform, None, interruption, rolled_back)?
        }
    };
    let failed = done.failure.is_some();
    if done.outcome == Outcome::RolledBack || done.outcome == Outcome::Incomplete && !failed {
        // Whether or not it was on probation, the matter is settled. Should this fail, its watcher finds that there
        // is nothing to undo any more.
        let _ = store.remove_due(&undo.choice.record.id);
    }
    look.steps.append(&mut done.steps);
    done.steps = look.steps;
    Ok(done)
}

/// Gives up an interrupted record whose network namespace is no longer to be found: it ends as incomplete, all of its
/// settings left as they may be.
///
/// # Errors
/// The state cannot be written.
pub fn give_up(store: &Store, record: &Record, say: &dyn Fn(&str)) -> Result<Done, TransactionError> {
    let _lock = store.lock(&|| None, say)?;
    let left = record.changes.iter().map(|change| change.key.clone()).collect();
    store.write_ending(&Ending::new(&record.id, Outcome::Incomplete, left))?;
    let step = |change: &Change| {
        Some(Step {
            key: Key::parse(&change.key).ok()?,
            before: change.before.clone(),
            after: change.after.clone(),
            result: StepResult::Left,
            note: None,
        })
    };
    Ok(Done {
        id: Some(record.id.clone()),
        undoes: None,
        outcome: Outcome::Incomplete,
        rollback_file: Some(store.path_of(&record.id)),
        steps: record.changes.iter().filter_map(step).collect(),
        failure: Some("its network namespace is no longer to be found".into()),
    })
}

/// What [`rollback`] would do now; nothing is written.
///
/// # Errors
/// Why nothing would be changed.
pub fn preview(store: &Store, undo: &Undo<'_>, platform: &dyn Platform) -> Result<Done, TransactionError> {
    let record = &undo.choice.record;
    if !record.origin.same_boot(&undo.here) && record.origin.same_machine(&undo.here) {
        return Ok(nothing_left(store, undo, REBOOTED));
    }
    let records = store.records()?;
    if let Some(done) = undone_already(store, undo, &records) {
        return Ok(done);
    }
    Ok(look(undo, &records, platform)?.report(store, undo))
}

/// What a rollback found: the writes to make, and the steps that need none.
struct Look<'p> {
    steps: Vec<Step>,
    writes: Vec<Write<'p>>,
    conflict: bool,
    /// Whether this brings an interrupted record to its end.
    settling: bool,
}

impl Look<'_> {
    /// Whether somebody else has changed what the record's write changed besides: neither what it found before nor
    /// what it left is there.
    fn mind_besides(
        &mut self,
        key: &Key,
        kind: Kind,
        to: &str,
        ours: Option<&String>,
        forced: &[Key],
        platform: &dyn Platform,
    ) {
        let LiveState::Present(found) = platform.read(key) else { return };
        let Some(ours) = ours.filter(|ours| !same(kind, Some(&found), Some(ours))) else { return };
        if same(kind, Some(&found), Some(to)) || forced.contains(key) {
            return;
        }
        self.conflict = true;
        self.steps.push(Step {
            key: key.clone(),
            before: Some(found.clone()),
            after: Some(to.to_owned()),
            result: StepResult::Conflict,
            note: Some(format!("twtune's write had left `{ours}`, and somebody has set `{found}` since")),
        });
    }

    /// The steps as they would be, none of them made.
    fn report(mut self, store: &Store, undo: &Undo<'_>) -> Done {
        let result = if self.conflict { StepResult::Left } else { StepResult::Done };
        self.steps.extend(self.writes.iter().map(|write| Step {
            key: write.key.clone(),
            before: write.before.clone(),
            after: write.after.clone(),
            result,
            note: None,
        }));
        Done {
            id: Some(undo.choice.record.id.clone()),
            undoes: None,
            outcome: if self.conflict { Outcome::Refused } else { Outcome::RolledBack },
            rollback_file: Some(store.path_of(&undo.choice.record.id)),
            steps: self.steps,
            failure: self.conflict.then(|| "somebody else changed a setting since".to_owned()),
        }
    }
}

/// Opens every setting of the record and compares what is there with what it should be.
fn look<'p>(
    undo: &Undo<'_>,
    records: &Records,
    platform: &'p dyn Platform,
) -> Result<Look<'p>, TransactionError> {
    let record = &undo.choice.record;
    if !record.origin.same_machine(&undo.here) {
        let message = format!("record {} was written on another machine, {}", record.id, record.origin.host);
        return Err(TransactionError::Foreign(message));
    }
    if !record.origin.is_here(&undo.here) {
        let message = format!("record {} was written in another network namespace", record.id);
        return Err(TransactionError::Foreign(message));
    }
    let known = undo.choice.known;
    let in_the_way =
        |other: &Record, ending: &Option<Ending>| ending.is_none() && !(known && other.id == record.id);
    if let Some((other, _)) = records.iter().find(|(other, ending)| in_the_way(other, ending)) {
        return Err(TransactionError::Interrupted { command: other.command, id: other.id.clone() });
    }
    let settling = records.iter().any(|(known, ending)| known == record && ending.is_none());
    let mut look = Look { steps: Vec::new(), writes: Vec::new(), conflict: false, settling };
    let ending = records
        .iter()
        .find(|(other, _)| known && other.id == record.id)
        .and_then(|(_, ending)| ending.as_ref());
    // A rollback that did not get through has left them as it could: who set what is not to be told any more.
    let tried = records.iter().any(|(other, _)| known && other.undoes.as_deref() == Some(record.id.as_str()));
    let besides = ending.filter(|_| !tried).map(|ending| &ending.besides);
    for aim in aims(undo.choice, records, settling, &undo.here) {
        let mut target = platform.open(&aim.key)?;
        let found = target.read()?;
        let is = |value: &Option<String>| same(aim.kind, found.as_deref(), value.as_deref());
        let mut step = Step {
            key: aim.key.clone(),
            before: found.clone(),
            after: aim.to.clone(),
            result: StepResult::Left,
            note: None,
        };
        if aim.superseded {
            step.after = found;
            step.note = Some("a later apply changed it too, and stays in force".into());
        } else if is(&aim.to) && are_back(&aim.also, platform) {
            step.note = Some("it has this value already".into());
        } else if is(&aim.to) || is(&aim.from) || undo.forced.contains(&aim.key) {
            // Where the value itself is back, what its write changed besides may not be: that comes behind it.
            for (key, kind, to) in &aim.also {
                let ours = besides.and_then(|besides| besides.get(key.as_str()));
                look.mind_besides(key, *kind, to, ours, undo.forced, platform);
            }
            look.writes.push(Write {
                also: also_changed(&aim.key, platform)?,
                key: aim.key,
                kind: aim.kind,
                before: found,
                after: aim.to,
                then: aim.also,
                target,
            });
            continue;
        } else {
            look.conflict = true;
            step.result = StepResult::Conflict;
            step.note = Some(changed_since(aim.from.as_deref(), found.as_deref()));
        }
        look.steps.push(step);
    }
    Ok(look)
}

/// What there is to say of a value that is not the one that twtune left.
fn changed_since(ours: Option<&str>, found: Option<&str>) -> String {
    let wrote = ours.map_or_else(|| "removed it".into(), |ours| format!("wrote `{ours}`"));
    let theirs = found.map_or_else(|| "removed it".into(), |found| format!("set `{found}`"));
    format!("twtune {wrote}, and somebody has {theirs} since")
}

/// Whether what a write changed besides itself has its old values.
fn are_back(also: &[(Key, Kind, String)], platform: &dyn Platform) -> bool {
    also.iter().all(|(key, kind, value)| match platform.read(key) {
        LiveState::Present(found) => same(*kind, Some(&found), Some(value)),
        LiveState::Absent => true,
        LiveState::Unreadable(_) | LiveState::Unknown(_) => false,
    })
}

/// Brings an interrupted record to its end: an apply is put back, a rollback is completed. What fails leaves it
/// interrupted, to be settled again.
fn settle(
    store: &Store,
    undo: &Undo<'_>,
    writes: &mut [Write<'_>],
    platform: &dyn Platform,
    interruption: &dyn Fn() -> Option<String>,
) -> Done {
    let record = &undo.choice.record;
    let execution = execute(writes, platform, interruption, &|_| Ok(()));
    if execution.failure.is_some() {
        return Done {
            id: Some(record.id.clone()),
            undoes: None,
            outcome: if execution.incomplete { Outcome::Incomplete } else { Outcome::Undone },
            rollback_file: Some(store.path_of(&record.id)),
            steps: execution.steps,
            failure: execution.failure,
        };
    }
    let ended = match record.command {
        Command::Apply => Outcome::Undone,
        Command::Rollback => Outcome::RolledBack,
    };
    // What is reported is the rollback that was asked for.
    Done { outcome: Outcome::RolledBack, ..finish(store, &record.id, execution, ended) }
}

/// A record of an earlier boot has nothing to undo: its live values went with the machine. An interrupted one is
/// settled by that.
fn settled_by_reboot(store: &Store, undo: &Undo<'_>) -> Result<Option<Done>, TransactionError> {
    let Choice { record, interrupted, .. } = undo.choice;
    if !record.origin.same_machine(&undo.here) || record.origin.same_boot(&undo.here) {
        return Ok(None);
    }
    if *interrupted || store.due(&record.id)?.is_some() {
        store.write_ending(&Ending::new(&record.id, Outcome::Undone, Vec::new()))?;
        store.remove_due(&record.id)?;
    }
    Ok(Some(nothing_left(store, undo, REBOOTED)))
}

const REBOOTED: &str = "the machine was rebooted since: its live values are gone";

/// A retry is harmless: what is undone is not undone again, whatever value somebody has set since.
fn undone_already(store: &Store, undo: &Undo<'_>, records: &Records) -> Option<Done> {
    let Choice { record, known, interrupted: was_open } = undo.choice;
    let at = records.iter().position(|(other, _)| *known && other.id == record.id)?;
    let ours = record.origin.same_machine(&undo.here);
    // Another twtune may have brought it to its end since it was chosen.
    let interrupted = records[at].1.is_none();
    // A rollback that was under way when it was chosen has done what was asked for; to undo it would apply again.
    if *was_open && !interrupted && record.command == Command::Rollback {
        return Some(nothing_left(store, undo, "it came to its end meanwhile"));
    }
    let undone = ours && !interrupted && !in_force(records, &undo.here)[at];
    undone.then(|| nothing_left(store, undo, "it is not in force: there is nothing to undo"))
}

fn nothing_left(store: &Store, undo: &Undo<'_>, why: &str) -> Done {
    Done {
        id: Some(undo.choice.record.id.clone()),
        undoes: None,
        outcome: Outcome::Unchanged,
        rollback_file: Some(store.path_of(&undo.choice.record.id)),
        steps: Vec::new(),
        failure: Some(why.into()),
    }
}
