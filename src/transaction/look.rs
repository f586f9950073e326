//! What a rollback finds: every setting of the record opened, and what is there held against what should be.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::facts::LiveState;
use crate::plan::Target;
use crate::platform::Platform;
use crate::setting::Key;
use crate::setting::Kind;
use crate::transaction::Change;
use crate::transaction::Choice;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::Step;
use crate::transaction::StepResult;
use crate::transaction::Store;
use crate::transaction::TransactionError;
use crate::transaction::Undo;
use crate::transaction::apply::also_changed;
use crate::transaction::boot;
use crate::transaction::boot::Foreign;
use crate::transaction::boot::is_half_confirmed;
use crate::transaction::chain::Aims;
use crate::transaction::chain::Beside;
use crate::transaction::chain::aims;
use crate::transaction::confirm::is_on_probation;
use crate::transaction::edit::refuse_half_confirmed;
use crate::transaction::edit::told_by_files;
use crate::transaction::execute::Files;
use crate::transaction::execute::Write;
use crate::transaction::execute::boot_steps;
use crate::transaction::execute::same;
use crate::transaction::record::Ending;
use crate::transaction::record::FileChange;

/// What a rollback found: the writes to make, and the steps that need none.
pub(super) struct Look<'p> {
    pub(super) steps: Vec<Step>,
    pub(super) writes: Vec<Write<'p>>,
    pub(super) conflict: bool,
    /// The files to replace.
    pub(super) files: Files<'p>,
    /// What the record is to say of them, and of what the next boot sets.
    pub(super) file_changes: Vec<FileChange>,
    pub(super) boot_changes: Vec<Change>,
    /// Whether this brings an interrupted record to its end.
    pub(super) settling: bool,
}

/// Opens every setting of the record and compares what is there with what it should be.
pub(super) fn look<'p>(
    store: &Store,
    undo: &Undo<'p>,
    records: &Records,
    platform: &'p dyn Platform,
) -> Result<Look<'p>, TransactionError> {
    let record = &undo.choice.record;
    let rebooted = !record.origin.same_boot(&undo.here);
    if !record.origin.same_machine(&undo.here) {
        let message = format!("record {} was written on another machine, {}", record.id, record.origin.host);
        return Err(TransactionError::Foreign(message));
    }
    // What lies in the history is this machine's; a file may come from anywhere.
    let untold = record.origin.machine_id.is_none() || undo.here.machine_id.is_none();
    if untold && rebooted && !undo.choice.known {
        let message = format!(
            "record {} was written in another boot, and whether on this machine or another cannot be told: \
             the machine's id is missing here, or was on {}",
            record.id, record.origin.host
        );
        return Err(TransactionError::Foreign(message));
    }
    let lasts = rebooted && record.touches_boot();
    if !record.origin.is_here(&undo.here) && !lasts {
        return Err(TransactionError::Elsewhere(record.id.clone()));
    }
    let known = undo.choice.known;
    // Whose time is over does not wait for what was interrupted elsewhere.
    let in_the_way = |other: &Record, ending: &Option<Ending>| {
        let is_apart = undo.unconfirmed && !record.meets(other);
        ending.is_none() && !(known && other.id == record.id) && !is_apart
    };
    if let Some((other, _)) = records.iter().find(|(other, ending)| in_the_way(other, ending)) {
        return Err(TransactionError::Interrupted { command: other.command, id: other.id.clone() });
    }
    let settling = records.iter().any(|(known, ending)| known == record && ending.is_none());
    let has_files = record.touches_boot() && !waits_with_files(store, undo.choice, records);
    let files = Files { folder: undo.folder.filter(|_| has_files), writes: Vec::new() };
    let mut look = Look {
        steps: Vec::new(),
        writes: Vec::new(),
        conflict: false,
        files,
        file_changes: Vec::new(),
        boot_changes: Vec::new(),
        settling,
    };
    let Aims { written, mut besides, owed } = aims(undo.choice, records, settling, &undo.here);

    // First what stands against it. What somebody else has changed is left as it is, also where a write would reset it.
    let mut others = BTreeSet::new();
    for (key, beside) in &besides {
        let (LiveState::Present(found), Some(ours)) = (platform.read(key), &beside.from) else { continue };
        // What an earlier rollback could not put back is judged by what it had found there.
        let found = owed.get(key).cloned().flatten().unwrap_or(found);
        let as_expected =
            same(beside.kind, Some(&found), Some(ours)) || same(beside.kind, Some(&found), Some(&beside.to));
        if !as_expected && !undo.forced.contains(key) {
            let note = format!("twtune's write had left `{ours}`, and somebody has set `{found}` since");
            look.add(key, Some(found), Some(beside.to.clone()), StepResult::Conflict, note);
            others.insert(key.clone());
        }
    }
    besides.retain(|key, _| !others.contains(key));
    let mut to_write = Vec::new();
    for aim in written.into_iter().filter(|aim| !rebooted || platform.read(&aim.key).value().is_some()) {
        let mut target = platform.open(&aim.key)?;
        let found = target.read()?;
        let is = |value: &Option<String>| same(aim.kind, found.as_deref(), value.as_deref());
        let is_back = is(&aim.to);
        // What an earlier rollback brought back and could not put back again belongs into the record of this one.
        let is_owed =
            owed.get(&aim.key).is_some_and(|was| !same(aim.kind, was.as_deref(), aim.to.as_deref()));
        if let Some(note) = aim.left {
            look.add(&aim.key, found.clone(), found, StepResult::Left, note.into());
        } else if is_back && !is_owed && aim.also.iter().all(|key| is_back_besides(key, &besides, platform)) {
            look.add(&aim.key, found, aim.to, StepResult::Left, "it has this value already".into());
        } else if is_back || !aim.sure || is(&aim.from) || undo.forced.contains(&aim.key) {
            // Where the value itself is back, what its write changed besides may not be: that comes behind it.
            to_write.push((aim, found, target));
        } else if rebooted {
            let note = "the machine was rebooted since, and it is not what the boot was to set";
            look.add(&aim.key, found.clone(), found, StepResult::Left, note.into());
        } else {
            let note = changed_since(aim.from.as_deref(), found.as_deref());
            look.add(&aim.key, found, aim.to, StepResult::Conflict, note);
        }
    }
    let mut goals: BTreeMap<Key, String> =
        besides.into_iter().map(|(key, beside)| (key, beside.to)).collect();
    goals.extend(to_write.iter().filter_map(|(aim, ..)| Some((aim.key.clone(), aim.to.clone()?))));
    for (aim, found, target) in to_write {
        let before = owed.get(&aim.key).cloned().unwrap_or(found);
        let mut also = also_changed(&aim.key, platform)?;
        for (key, _, value) in &mut also {
            if let Some(Some(was)) = owed.get(key) {
                value.clone_from(was);
            }
        }
        // Whatever else the write resets goes where this rollback takes it, or stays as it is.
        let goal = |(key, kind, present): &(Key, Kind, String)| {
            (key.clone(), *kind, goals.get(key).unwrap_or(present).clone())
        };
        let then = also.iter().map(goal).collect();
        look.writes.push(Write { key: aim.key, kind: aim.kind, before, after: aim.to, also, then, target });
    }
    look.at_files(undo, records)?;
    Ok(look)
}

/// Whether an apply waits to be confirmed, or waited, and its confirmation was not begun: nobody has written its files.
fn waits_with_files(store: &Store, choice: &Choice, records: &Records) -> bool {
    let itself = records.iter().find(|(other, _)| choice.known && other.id == choice.record.id);
    itself.is_some_and(|(record, ending)| match ending {
        Some(ending) => ending.outcome == Outcome::Pending && !is_half_confirmed(ending),
        None => record.command == Command::Apply && is_on_probation(store, &record.id),
    })
}

/// Whether there is a step about what the next boot sets already.
fn is_told(steps: &[Step], change: &Change) -> bool {
    steps.iter().any(|step| step.target == Target::Boot && step.key.as_str() == change.key)
}

/// What there is to say of a value that is not the one that twtune left.
fn changed_since(ours: Option<&str>, found: Option<&str>) -> String {
    let wrote = ours.map_or_else(|| "removed it".into(), |ours| format!("wrote `{ours}`"));
    let theirs = found.map_or_else(|| "removed it".into(), |found| format!("set `{found}`"));
    format!("twtune {wrote}, and somebody has {theirs} since")
}

/// Whether what a write changed besides itself has its old value.
fn is_back_besides(key: &Key, besides: &BTreeMap<Key, Beside>, platform: &dyn Platform) -> bool {
    match (platform.read(key), besides.get(key)) {
        (LiveState::Present(found), Some(beside)) => same(beside.kind, Some(&found), Some(&beside.to)),
        (LiveState::Unreadable(_) | LiveState::Unknown(_), Some(_)) => false,
        (LiveState::Absent, _) | (_, None) => true,
    }
}

impl Look<'_> {
    /// What the record has to do with the next boot.
    fn at_files(&mut self, undo: &Undo<'_>, records: &Records) -> Result<(), TransactionError> {
        let (record, known) = (&undo.choice.record, undo.choice.known);
        let Some(folder) = self.files.folder else { return Ok(()) };
        refuse_half_confirmed(records, Some(&record.id).filter(|_| known).map(String::as_str), &undo.here)?;
        let goals = boot::goals(record, records, known, self.settling, &undo.here);
        let is_forced = |key: &str| undo.forced.iter().any(|forced| forced.as_str() == key);
        let forward = self.settling && record.command == Command::Rollback;
        let change = |change: &Change| {
            let after = goals.values.get(&change.key)?.clone();
            let before = if forward { change.before.clone() } else { change.after.clone() };
            Some(Change { before, after, comment: None, ..change.clone() })
        };
        let expected: Vec<Change> = record.boot().filter_map(change).collect();
        let found = goals.look(folder, &is_forced)?;
        for Foreign { path, keys } in &found.foreign {
            let forcing = match keys {
                Some(_) => "--force undoes twtune's line in it and keeps theirs",
                None => "--force of all its settings drops what they wrote there",
            };
            let concerned = |change: &&Change| keys.as_ref().is_none_or(|keys| keys.contains(&change.key));
            let note = format!("{path} was changed by somebody else since; {forcing}");
            let concerned = expected.iter().filter(concerned);
            self.steps.extend(boot_steps(concerned, StepResult::Conflict, Some(&note)));
            self.conflict = true;
        }
        self.boot_changes.clone_from(&expected);
        told_by_files(&mut self.boot_changes, &found.writes, folder);
        for (change, expected) in self.boot_changes.iter().zip(&expected) {
            if change.before == change.after && !is_told(&self.steps, change) {
                let is_back = change.after == expected.after;
                let note = if is_back { "it has this value already" } else { "another line decides it" };
                self.steps.extend(boot_steps([change], StepResult::Left, Some(&note.into())));
            }
        }
        (self.files.writes, self.file_changes) = (found.writes, found.changes);
        Ok(())
    }

    fn add(
        &mut self,
        key: &Key,
        before: Option<String>,
        after: Option<String>,
        result: StepResult,
        note: String,
    ) {
        self.conflict |= result == StepResult::Conflict;
        let (key, target) = (key.clone(), Target::Live);
        self.steps.push(Step { key, target, before, after, result, note: Some(note) });
    }

    /// The steps as they would be, none of them made.
    pub(super) fn report(mut self, store: &Store, undo: &Undo<'_>) -> Done {
        let result = if self.conflict { StepResult::Left } else { StepResult::Done };
        self.steps.extend(self.writes.iter().map(|write| Step {
            key: write.key.clone(),
            target: Target::Live,
            before: write.before.clone(),
            after: write.after.clone(),
            result,
            note: None,
        }));
        for change in &self.boot_changes {
            if !is_told(&self.steps, change) {
                self.steps.extend(boot_steps([change], result, None));
            }
        }
        let outcome = if self.conflict { Outcome::Refused } else { Outcome::RolledBack };
        Done {
            id: Some(undo.choice.record.id.clone()),
            rollback_file: Some(store.path_of(&undo.choice.record.id)),
            steps: self.steps,
            failure: self.conflict.then(|| "somebody else changed a setting since".to_owned()),
            removed: self.files.removed(),
            files: if self.conflict { Vec::new() } else { self.files.paths() },
            ..Done::not_begun(outcome)
        }
    }
}
