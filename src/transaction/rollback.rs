//! Takes an apply back: the inverse of its record on the same road, without treading on what somebody else
//! changed since.

use std::path::Path;

use crate::facts::Identity;
use crate::plan::DROP_IN;
use crate::plan::Origin;
use crate::plan::Target;
use crate::platform::Platform;
use crate::platform::stored::BootFolder;
use crate::setting::Key;
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
use crate::transaction::apply::finish;
use crate::transaction::apply::recorded;
use crate::transaction::apply::transact;
use crate::transaction::confirm;
use crate::transaction::copy::read_record;
use crate::transaction::damage::Told;
use crate::transaction::execute::execute;
use crate::transaction::history::in_force;
use crate::transaction::look::Look;
use crate::transaction::look::look;
use crate::transaction::record::Ending;
use crate::transaction::record::is_id;

/// A record and how it ended.
type Entry = (Record, Option<Ending>);

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
    let told = store.map(|store| Told::of(store.readable(here)?)).transpose()?.unwrap_or_default();
    let records = &told.records;
    if let Some(name) = named.filter(|name| !is_id(name)) {
        let record = read_record(Path::new(name))?;
        let itself = records.iter().find(|(known, _)| known.is(&record));
        let found = itself.or_else(|| records.iter().find(|(known, _)| known.is_same_event(&record)));
        let choice = match found {
            Some(entry) => known(meant(records, entry)),
            None => Choice { record, interrupted: false, known: false },
        };
        told.permit(Some(&choice))?;
        return Ok(Some(choice));
    }
    let chosen = match named {
        Some(id) => records.iter().find(|(record, _)| record.id == id).map(|entry| meant(records, entry)),
        None => records.iter().find(|(_, ending)| ending.is_none()).or_else(|| {
            let in_force = in_force(records, here);
            let newest = |at: &usize| {
                let record = &records[*at].0;
                in_force[*at] && record.command == Command::Apply && !beyond_reach.contains(&record.id)
            };
            (0..records.len()).rev().find(newest).map(|at| &records[at])
        }),
    };
    let choice = chosen.map(known);
    told.permit(choice.as_ref())?;
    match named.filter(|_| choice.is_none()) {
        Some(id) => Err(TransactionError::UnknownId(id.into())),
        None => Ok(choice),
    }
}

/// What undoes an apply that was not confirmed: where an undo of it was interrupted, to bring that to its end.
///
/// # Errors
/// The state is not acceptable, or there is no such apply.
pub fn choose_unconfirmed(store: &Store, id: &str, here: &Identity) -> Result<Choice, TransactionError> {
    let told = Told::of(store.readable(here)?)?;
    let records = &told.records;
    let begun = |(record, ending): &&Entry| ending.is_none() && record.undoes.as_deref() == Some(id);
    let chosen = records.iter().find(begun).or_else(|| records.iter().find(|(record, _)| record.id == id));
    let choice = chosen.map(known);
    told.permit(choice.as_ref())?;
    choice.ok_or_else(|| TransactionError::UnknownId(id.into()))
}

fn known((record, ending): &Entry) -> Choice {
    Choice { record: record.clone(), interrupted: ending.is_none(), known: true }
}

/// What to undo where this one is named: the undoing of a rollback is undone by taking back the apply that it brought
/// back.
fn meant<'a>(records: &'a Records, entry: &'a Entry) -> &'a Entry {
    let undone = |entry: &Entry| {
        let id = entry.0.undoes.clone()?;
        records.iter().find(|(record, _)| record.id == id)
    };
    match undone(entry).and_then(undone) {
        Some(apply) if entry.1.is_some() => apply,
        _ => entry,
    }
}

/// What to undo, and what the record says of it.
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
    /// The files that set values at boot, where there are any.
    pub folder: Option<&'a dyn BootFolder>,
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
    let mut store = store.lock(interruption, say)?;
    if let Some(done) = settled_by_reboot(&store, undo)? {
        return Ok(done);
    }
    let records = Told::of(store.readable(&undo.here))?.permit(Some(undo.choice))?;
    if undo.unconfirmed && undo.choice.record.command == Command::Apply {
        let known = records.iter().find(|(record, _)| record.id == undo.choice.record.id);
        let ending = known.and_then(|(_, ending)| ending.as_ref());
        if !confirm::has_to_be_undone(&store, &undo.choice.record, ending, &undo.here)? {
            return Ok(nothing_left(&store, undo, "it was settled meanwhile"));
        }
    }
    if let Some(done) = undone_already(&store, undo, &records) {
        let _ = store.remove_due(&undo.choice.record.id);
        return Ok(done);
    }
    let mut look = look(&store, undo, &records, platform)?;
    if look.conflict && !undo.unconfirmed {
        return Ok(look.report(&store, undo));
    }
    if let Some(folder) = look.files.folder {
        let files = undo.choice.record.files.iter().map(|file| file.path.as_str());
        files.chain([DROP_IN]).for_each(|path| folder.tidy(path));
    }
    // What was interrupted and is apart from this stays interrupted, also where it had begun to note how it ended: that
    // is told from its being the newest, which it is no longer.
    for (apart, _) in records.iter().filter(|(_, ending)| ending.is_none() && !look.settling) {
        store.forget_ending(&apart.id);
    }
    let mut done = if look.settling {
        settle(&store, undo, &mut look, platform, interruption)
    } else {
        let mut record = undo.choice.record.clone();
        if !undo.choice.known {
            record = store.adopt(record)?;
        }
        let (time, origin) = (undo.time.clone(), undo.origin.clone());
        let mut inverse = Record::new(Command::Rollback, time, origin, record.profiles.clone());
        inverse.undoes = Some(record.id.clone());
        inverse.changes = look.writes.iter().map(recorded).collect();
        inverse.changes.append(&mut look.boot_changes);
        inverse.files = std::mem::take(&mut look.file_changes);
        let undoes = Some(record.id);
        let rolled_back = if look.conflict { Outcome::Incomplete } else { Outcome::RolledBack };
        let passed_over = look.steps.iter().filter(|step| step.result == StepResult::Conflict);
        let passed_over = passed_over.map(|step| step.key.to_string()).collect();
        let rolled_back = Ending { passed_over, ..Ending::new("", rolled_back, Vec::new()) };
        Done {
            undoes,
            ..transact(
                &mut store,
                inverse,
                (&mut look.writes, &look.files),
                platform,
                None,
                interruption,
                rolled_back,
            )?
        }
    };
    // What could not be noted is interrupted: its watcher, or the next twtune, brings it to its end.
    if done.failure.is_none() && matches!(done.outcome, Outcome::RolledBack | Outcome::Incomplete) {
        // Whether or not it was on probation, the matter is settled. Should this fail, its watcher finds that there
        // is nothing to undo any more.
        let record = &undo.choice.record;
        let undone = record.undoes.as_ref().filter(|_| look.settling);
        let _ = store.remove_due(undone.unwrap_or(&record.id));
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
    store.write_ending(&Ending::new(&record.id, Outcome::Incomplete, left), record.touches_boot())?;
    let step = |change: &Change| {
        Some(Step {
            key: Key::parse(&change.key).ok()?,
            target: if change.target == "boot" { Target::Boot } else { Target::Live },
            before: change.before.clone(),
            after: change.after.clone(),
            result: StepResult::Left,
            note: None,
        })
    };
    Ok(Done {
        id: Some(record.id.clone()),
        rollback_file: Some(store.path_of(&record.id)),
        steps: record.changes.iter().filter_map(step).collect(),
        failure: Some("its network namespace is no longer to be found".into()),
        ..Done::not_begun(Outcome::Incomplete)
    })
}

/// What [`rollback`] would do now; nothing is written.
///
/// # Errors
/// Why nothing would be changed.
pub fn preview(store: &Store, undo: &Undo<'_>, platform: &dyn Platform) -> Result<Done, TransactionError> {
    let record = &undo.choice.record;
    let lasts = record.origin.same_boot(&undo.here) || record.touches_boot();
    if !lasts && record.origin.same_machine(&undo.here) {
        return Ok(nothing_left(store, undo, REBOOTED));
    }
    let records = Told::of(store.readable(&undo.here)?)?.permit(Some(undo.choice))?;
    if let Some(done) = undone_already(store, undo, &records) {
        return Ok(done);
    }
    Ok(look(store, undo, &records, platform)?.report(store, undo))
}

/// Brings an interrupted record to its end: an apply is put back, a rollback is completed. What fails leaves it
/// interrupted, to be settled again.
fn settle(
    store: &Store,
    undo: &Undo<'_>,
    look: &mut Look<'_>,
    platform: &dyn Platform,
    interruption: &dyn Fn() -> Option<String>,
) -> Done {
    let record = &undo.choice.record;
    let mut execution = execute(&mut look.writes, &look.files, platform, interruption, &|_| Ok(()));
    execution.add_boot_steps(&look.boot_changes);
    if execution.failure.is_some() {
        let outcome = if execution.incomplete { Outcome::Incomplete } else { Outcome::Undone };
        return Done {
            id: Some(record.id.clone()),
            rollback_file: Some(store.path_of(&record.id)),
            steps: execution.steps,
            failure: execution.failure,
            ..Done::not_begun(outcome)
        };
    }
    // Also what the writes of the interrupted one left, which were not to be repeated.
    for also in record.live().flat_map(|change| &change.also) {
        let found = Key::parse(&also.key).ok().and_then(|key| platform.read(&key).value().map(str::to_owned));
        execution.besides.extend(found.map(|found| (also.key.clone(), found)));
    }
    let ended = match record.command {
        Command::Apply => Outcome::Undone,
        Command::Rollback => Outcome::RolledBack,
    };
    // What is reported is the rollback that was asked for.
    let (files, removed) = (look.files.paths(), look.files.removed());
    let ended = Ending::new(&record.id, ended, Vec::new());
    Done { outcome: Outcome::RolledBack, files, removed, ..finish(store, record, execution, ended) }
}

/// A record of an earlier boot has nothing to undo: its live values went with the machine. An interrupted one is
/// settled by that.
fn settled_by_reboot(store: &Store, undo: &Undo<'_>) -> Result<Option<Done>, TransactionError> {
    let Choice { record, interrupted, .. } = undo.choice;
    let lasts = record.origin.same_boot(&undo.here) || record.touches_boot();
    if !record.origin.same_machine(&undo.here) || lasts {
        return Ok(None);
    }
    if *interrupted || store.due(&record.id)?.is_some() {
        store.write_ending(&Ending::new(&record.id, Outcome::Undone, Vec::new()), false)?;
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
    let why = || format!("{} {} is not in force: there is nothing to undo", record.command, record.id);
    undone.then(|| nothing_left(store, undo, &why()))
}

fn nothing_left(store: &Store, undo: &Undo<'_>, why: &str) -> Done {
    Done {
        id: Some(undo.choice.record.id.clone()),
        rollback_file: Some(store.path_of(&undo.choice.record.id)),
        failure: Some(why.into()),
        ..Done::not_begun(Outcome::Unchanged)
    }
}
