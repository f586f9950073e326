//! Makes the changes of a plan, all or none.

use std::collections::BTreeMap;
use std::path::Path;

use crate::facts::Identity;
use crate::facts::LiveState;
use crate::plan::Origin;
use crate::plan::Plan;
use crate::plan::Target;
use crate::platform::Platform;
use crate::platform::PlatformError;
use crate::platform::stored::BootFolder;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::Version;
use crate::setting::catalogue;
use crate::transaction::Change;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Probation;
use crate::transaction::Record;
use crate::transaction::Stale;
use crate::transaction::Store;
use crate::transaction::StoreError;
use crate::transaction::TransactionError;
use crate::transaction::confirm;
use crate::transaction::copy;
use crate::transaction::edit;
use crate::transaction::execute::Execution;
use crate::transaction::execute::Files;
use crate::transaction::execute::Write;
use crate::transaction::execute::execute;
use crate::transaction::execute::same;
use crate::transaction::record::AlsoChanged;
use crate::transaction::record::Ending;
use crate::transaction::store::Locked;

/// What to apply, and what the record says of it.
pub struct Request<'a> {
    /// The changes; nothing may be refused in it.
    pub plan: &'a Plan,
    /// The profiles that were asked for.
    pub profiles: Vec<String>,
    /// Where this is.
    pub origin: Origin,
    /// Which host, boot and namespace this is.
    pub here: Identity,
    /// When, UTC.
    pub time: String,
    /// Where a copy of the rollback file goes: a new file.
    pub copy: Option<&'a Path>,
    /// The state directory, made where there is none.
    pub state: &'a Path,
    /// The same, open, where it was seen that nothing waits in it: it need not be looked through again.
    pub settled: Option<Store>,
    /// That it be undone unless it is confirmed, where that is wanted.
    pub probation: Option<Probation<'a>>,
    /// The files that set values at boot, where the plan changes any.
    pub folder: Option<&'a dyn BootFolder>,
    /// The kernel's version, where it is known: what it makes of the files.
    pub kernel: Option<Version>,
}

/// Applies a plan. `interruption` says why to stop, once there is a reason; `say` hears of waiting.
///
/// # Errors
/// Why nothing was changed.
pub fn apply(
    request: &Request<'_>,
    platform: &dyn Platform,
    interruption: &dyn Fn() -> Option<String>,
    say: &dyn Fn(&str),
) -> Result<Done, TransactionError> {
    if let Some(copy) = request.copy {
        copy::check_place_of_copy(copy)?;
    }
    let mut writes = Vec::with_capacity(request.plan.changes.len());
    for change in request.plan.changes.iter().filter(|change| change.target == Target::Live) {
        writes.push(Write {
            key: change.key.clone(),
            kind: change.setting.kind,
            before: change.before.clone(),
            after: change.after.clone(),
            also: also_changed(&change.key, platform)?,
            then: Vec::new(),
            target: platform.open(&change.key)?,
        });
    }
    let created;
    let store = match &request.settled {
        Some(store) if store.is_known_settled() => store,
        _ => {
            created = Store::create(request.state)?;
            &created
        }
    };
    let mut store = store.lock(interruption, say)?;
    for record in store.unfinished()? {
        if record.origin.same_boot(&request.here) || record.touches_boot() {
            return Err(TransactionError::Interrupted { command: record.command, id: record.id });
        }
        // Whatever it wrote went with the reboot.
        store.write_ending(&Ending::new(&record.id, Outcome::Undone, Vec::new()), false)?;
    }
    let mut stale = Vec::new();
    for write in &mut writes {
        let found = write.target.read()?;
        if !same(write.kind, found.as_deref(), write.before.as_deref()) {
            let (key, planned) = (write.key.clone(), write.before.clone());
            stale.push(Stale { key, target: Target::Live, planned, found });
        }
        // Again, now that no other twtune can change it.
        write.also = also_changed(&write.key, platform)?;
    }
    if !stale.is_empty() {
        return Err(TransactionError::Stale(stale));
    }
    let mut record =
        Record::new(Command::Apply, request.time.clone(), request.origin.clone(), request.profiles.clone());
    record.changes = writes.iter().map(recorded).collect();
    let mut files = Files { folder: request.folder, writes: Vec::new() };
    if let Some(folder) = request.folder.filter(|_| request.plan.touches_boot()) {
        let records = store.records(&request.here)?;
        let on = (folder, request.kernel);
        files.writes = edit::plan_files(&mut record, request.plan, &records, &request.here, on)?;
        if request.probation.is_some() {
            // They are written when it is confirmed.
            files.writes.clear();
        }
    }
    transact(
        &mut store,
        record,
        (&mut writes, &files),
        platform,
        Some(request),
        interruption,
        Ending::new("", Outcome::Applied, Vec::new()),
    )
}

/// Stores the record, makes the writes, notes the ending.
pub(super) fn transact(
    store: &mut Locked<'_>,
    record: Record,
    (writes, files): (&mut [Write<'_>], &Files<'_>),
    platform: &dyn Platform,
    request: Option<&Request<'_>>,
    interruption: &dyn Fn() -> Option<String>,
    mut success: Ending,
) -> Result<Done, TransactionError> {
    let (record, text) = store.write_record(record)?;
    let probation = request.and_then(|request| request.probation.as_ref());
    if let Some(request) = request
        && let Err(error) = prepare(store, &record.id, &text, request)
    {
        store.discard(&record.id);
        return Err(error.into());
    }
    // An apply whose success cannot be noted is put back: it would count as interrupted, and stand in the way of the
    // next one. A rollback stays: to repeat it is harmless.
    success.id.clone_from(&record.id);
    if probation.is_some() {
        success.outcome = Outcome::Pending;
    }
    let seal = |besides: &BTreeMap<String, String>| match success.outcome {
        Outcome::Applied | Outcome::Pending => {
            let ending = Ending { besides: besides.clone(), ..success.clone() };
            let noted = store.write_ending(&ending, record.touches_boot());
            noted.map_err(|error| format!("how it ended could not be noted: {error}"))
        }
        _ => Ok(()),
    };
    let mut execution = execute(writes, files, platform, interruption, &seal);
    execution.add_boot_steps(record.boot());
    // What waits to be confirmed has files to write then.
    let written = if probation.is_some() { record.file_paths() } else { files.paths() };
    let done = finish(store, &record, execution, success);
    let is_undone = done.outcome == Outcome::Undone;
    let removed = files.removed();
    Ok(Done { files: if is_undone { Vec::new() } else { written }, removed, ..done })
}

/// What has to be there before the first change, besides the record.
fn prepare(store: &Store, id: &str, text: &str, request: &Request<'_>) -> Result<(), StoreError> {
    if let Some(copy) = request.copy {
        copy::write_copy(copy, text)?;
    }
    request.probation.as_ref().map_or(Ok(()), |probation| confirm::arm(store, id, probation))
}

pub(super) fn finish(store: &Store, record: &Record, execution: Execution, success: Ending) -> Done {
    let id = &record.id;
    let outcome = match (&execution.failure, execution.incomplete) {
        (None, false) => success.outcome,
        (_, true) => Outcome::Incomplete,
        (Some(_), false) => Outcome::Undone,
    };
    let left = |result| execution.steps.iter().filter(move |step| step.result == result);
    let left = match outcome {
        Outcome::Incomplete => left(super::StepResult::Left).map(|step| step.key.to_string()).collect(),
        _ => Vec::new(),
    };
    let mut failure = execution.failure;
    if outcome == Outcome::Undone {
        // Should this fail, the watcher finds the record undone.
        let _ = store.remove_due(id);
    }
    // That it was applied is noted already.
    if !matches!(outcome, Outcome::Applied | Outcome::Pending)
        && let Err(error) = store.write_ending(
            &Ending { besides: execution.besides, owed: execution.owed, outcome, left, ..success },
            record.touches_boot(),
        )
    {
        // The values are what they are said to be; what is missing is the note, so the next command will ask
        // for `twtune rollback` to settle it.
        let note = format!("how it ended could not be noted ({error}); `twtune rollback` will settle it");
        failure = Some(failure.map_or_else(|| note.clone(), |failure| format!("{failure}; {note}")));
    }
    Done {
        id: Some(id.clone()),
        rollback_file: Some(store.path_of(id)),
        steps: execution.steps,
        failure,
        ..Done::not_begun(outcome)
    }
}

pub(super) fn recorded(write: &Write<'_>) -> Change {
    Change {
        key: write.key.to_string(),
        target: "live".into(),
        before: write.before.clone(),
        after: write.after.clone(),
        also: write
            .also
            .iter()
            .map(|(key, _, before)| AlsoChanged {
                key: key.to_string(),
                before: before.clone(),
                after: write.then.iter().find(|(then, ..)| then == key).map(|(.., after)| after.clone()),
            })
            .collect(),
        comment: None,
    }
}

/// The settings that a write to this one changes besides, with their present values.
pub(super) fn also_changed(
    key: &Key,
    platform: &dyn Platform,
) -> Result<Vec<(Key, Kind, String)>, PlatformError> {
    let mut also = Vec::new();
    for pattern in catalogue::find(key).map_or(&[][..], |setting| setting.also_changes) {
        for other in platform.expand(pattern).into_iter().filter(|other| other != key) {
            let Some(setting) = catalogue::find(&other) else {
                continue;
            };
            match platform.read(&other) {
                LiveState::Present(value) => also.push((other, setting.kind, value)),
                LiveState::Absent => {}
                // Without its value it could not be brought back.
                LiveState::Unreadable(cause) | LiveState::Unknown(cause) => {
                    let operation = format!("save, because writing {key} changes it,");
                    return Err(PlatformError { operation, key: other, cause, denied: true });
                }
            }
        }
    }
    Ok(also)
}
