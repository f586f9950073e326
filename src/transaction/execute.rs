//! The part of a transaction that writes: each value read back, and all of them put back on the first failure.

use std::collections::BTreeMap;

use crate::facts::LiveState;
use crate::plan::Target;
use crate::platform;
use crate::platform::Platform;
use crate::platform::PlatformError;
use crate::platform::stored::BootFolder;
use crate::platform::stored::StoredFile;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::Value;
use crate::setting::canonical;
use crate::transaction::Change;
use crate::transaction::Step;
use crate::transaction::StepResult;
use crate::transaction::StoreError;
use crate::transaction::TransactionError;
use crate::transaction::boot::FileWrite;

/// One write to make: an open setting, and the values to go from and to.
pub(super) struct Write<'p> {
    pub(super) key: Key,
    pub(super) kind: Kind,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// What the write changes besides, with the values to bring back should it be undone.
    pub(super) also: Vec<(Key, Kind, String)>,
    /// What is brought back behind the write: a rollback undoes what the apply's write changed besides.
    pub(super) then: Vec<(Key, Kind, String)>,
    pub(super) target: Box<dyn platform::Target + 'p>,
}

/// The files to replace, behind all writes.
#[derive(Default)]
pub(super) struct Files<'p> {
    pub(super) folder: Option<&'p dyn BootFolder>,
    pub(super) writes: Vec<FileWrite>,
}

impl Files<'_> {
    /// Their paths.
    pub(super) fn paths(&self) -> Vec<String> {
        self.writes.iter().map(|write| write.path.clone()).collect()
    }

    /// Those of them that are taken away.
    pub(super) fn removed(&self) -> Vec<String> {
        let removed = self.writes.iter().filter(|write| write.after.is_none());
        removed.map(|write| write.path.clone()).collect()
    }

    fn replace(&self, path: &str, file: Option<&StoredFile>) -> Result<(), TransactionError> {
        let failed = |why| Err(TransactionError::Files(why));
        let Some(folder) = self.folder else { return failed(format!("there is no {path} here")) };
        folder.replace_file(path, file)?;
        if StoredFile::same(folder.read_file(path)?.as_ref(), file) {
            return Ok(());
        }
        failed(format!("wrote {path} and read something else back"))
    }

    /// Replaces all and `seal`s them, or none.
    ///
    /// # Errors
    /// Why not, and what could not be put back.
    pub(super) fn replace_all(
        &self,
        seal: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), TransactionError> {
        let replace = |write: &FileWrite| self.replace(&write.path, write.after.as_ref());
        let sealed = self.writes.iter().try_for_each(replace).and_then(|()| Ok(seal()?));
        sealed.map_err(|failure| match self.put_back() {
            left if left.is_empty() => failure,
            left => TransactionError::FilesLeft(format!("{failure}; {}", left.join("; "))),
        })
    }

    /// Brings back what is no longer as it was; what could not be.
    fn put_back(&self) -> Vec<String> {
        let unchanged = |write: &FileWrite| {
            let found = self.folder.map(|folder| folder.read_file(&write.path));
            matches!(found, Some(Ok(found)) if StoredFile::same(found.as_ref(), write.before.as_ref()))
        };
        let put_back = |write: &FileWrite| {
            let put_back = || self.replace(&write.path, write.before.as_ref());
            if unchanged(write) { None } else { put_back().or_else(|_| put_back()).err() }
        };
        self.writes.iter().rev().filter_map(put_back).map(|error| error.to_string()).collect()
    }
}

/// What became of the writes.
pub(super) struct Execution {
    pub(super) steps: Vec<Step>,
    /// Why it did not go through.
    pub(super) failure: Option<String>,
    /// Whether something could not be put back.
    pub(super) incomplete: bool,
    /// The files that could not be put back, each with the reason.
    pub(super) files_left: Vec<String>,
    /// What was found behind the writes where they changed something besides, if all were made.
    pub(super) besides: BTreeMap<String, String>,
    /// What could not be put back, with the values that it had.
    pub(super) owed: BTreeMap<String, Option<String>>,
}

impl Execution {
    /// What became of the changes of what the next boot sets.
    pub(super) fn add_boot_steps<'c>(&mut self, changes: impl IntoIterator<Item = &'c Change>) {
        let note = (!self.files_left.is_empty()).then(|| self.files_left.join("; "));
        let result = match (&self.failure, &note) {
            (None, _) => StepResult::Done,
            (Some(_), None) => StepResult::Undone,
            (Some(_), Some(_)) => StepResult::Left,
        };
        // Where another line decides it, nothing changed.
        let made = changes.into_iter().filter(|change| change.before != change.after);
        self.steps.extend(boot_steps(made, result, note.as_ref()));
    }
}

/// A step for each change of what the next boot sets.
pub(super) fn boot_steps<'c>(
    changes: impl IntoIterator<Item = &'c Change>,
    result: StepResult,
    note: Option<&String>,
) -> impl Iterator<Item = Step> {
    changes.into_iter().filter_map(move |change| {
        let key = Key::parse(&change.key).ok()?;
        let (before, after) = (change.before.clone(), change.after.clone());
        Some(Step { key, target: Target::Boot, before, after, result, note: note.cloned() })
    })
}

/// Whether two texts mean the same value; None is no value.
pub(super) fn same(kind: Kind, a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a == b };
    if a == b {
        return true;
    }
    match (Value::parse(kind, a), Value::parse(kind, b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => canonical(a) == canonical(b),
    }
}

/// A value, for a message.
pub(super) fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "absent".into(), |value| format!("`{value}`"))
}

/// Makes the writes in order, and `seal`s them; on the first failure or interruption puts everything back, the last
/// first.
pub(super) fn execute(
    writes: &mut [Write<'_>],
    files: &Files<'_>,
    platform: &dyn Platform,
    interruption: &dyn Fn() -> Option<String>,
    seal: &Seal<'_>,
) -> Execution {
    let mut failure = None;
    let mut reached = 0;
    for write in &mut *writes {
        failure = interruption();
        if failure.is_some() {
            break;
        }
        reached += 1;
        failure = set(&write.key, &mut *write.target, write.kind, write.after.as_deref())
            .and_then(|()| restore_also(&write.then, platform))
            .err();
        if failure.is_some() {
            break;
        }
    }
    // The last write may have been the last thing before the signal.
    failure = failure.or_else(interruption).or_else(|| contradiction(writes));
    for write in &files.writes {
        let replace = || Some(files.replace(&write.path, write.after.as_ref()).err()?.to_string());
        failure = failure.or_else(interruption).or_else(replace);
    }
    // The last file may have been the last thing before the signal.
    failure = failure.or_else(interruption);
    let besides = if failure.is_none() { besides(writes, platform) } else { BTreeMap::new() };
    if failure.is_none() {
        failure = seal(&besides).err();
    }
    let mut steps: Vec<Step> = writes
        .iter()
        .map(|write| Step {
            key: write.key.clone(),
            target: Target::Live,
            before: write.before.clone(),
            after: write.after.clone(),
            result: if failure.is_some() { StepResult::Undone } else { StepResult::Done },
            note: None,
        })
        .collect();
    let (mut incomplete, mut files_left, mut owed) = (false, Vec::new(), BTreeMap::new());
    if failure.is_some() {
        files_left = files.put_back();
        incomplete = !files_left.is_empty();
        for at in (0..reached).rev() {
            if let Err(why) = put_back(&mut writes[at], platform) {
                incomplete = true;
                steps[at].result = StepResult::Left;
                steps[at].note = Some(why);
            }
        }
        // Also of writes that were not reached: what an earlier command owes is not forgotten.
        owed = not_back(writes, platform);
    }
    Execution { steps, failure, incomplete, files_left, besides, owed }
}

/// What is not as it was before the writes, with the values that it had.
fn not_back(writes: &mut [Write<'_>], platform: &dyn Platform) -> BTreeMap<String, Option<String>> {
    let mut owed = BTreeMap::new();
    for write in &mut *writes {
        for (key, kind, before) in &write.also {
            let state = platform.read(key);
            // The interface may be gone, and its settings with it.
            if state != LiveState::Absent && !same(*kind, state.value(), Some(before)) {
                owed.insert(key.to_string(), Some(before.clone()));
            }
        }
    }
    for write in writes {
        let before = write.before.as_deref();
        let is_back = write.target.read().is_ok_and(|found| same(write.kind, found.as_deref(), before));
        if !is_back {
            owed.insert(write.key.to_string(), write.before.clone());
        }
    }
    owed
}

/// Notes that everything was done, and what was found where the writes changed something besides.
pub(super) type Seal<'a> = dyn Fn(&BTreeMap<String, String>) -> Result<(), String> + 'a;

/// A setting that a later write has changed again: two names of one value, or one that resets the other.
fn contradiction(writes: &mut [Write<'_>]) -> Option<String> {
    for write in writes {
        match write.target.read() {
            Ok(found) if same(write.kind, found.as_deref(), write.after.as_deref()) => {}
            Ok(found) => {
                let (key, found, after) =
                    (&write.key, shown(found.as_deref()), shown(write.after.as_deref()));
                return Some(format!(
                    "{key} is {found} after all writes and not {after}: they contradict each other"
                ));
            }
            Err(error) => return Some(error.to_string()),
        }
    }
    None
}

/// What is now where the writes changed something besides themselves.
fn besides(writes: &[Write<'_>], platform: &dyn Platform) -> BTreeMap<String, String> {
    let also = writes.iter().flat_map(|write| &write.also);
    also.filter_map(|(key, ..)| Some((key.to_string(), platform.read(key).value()?.to_owned()))).collect()
}

/// Writes a value and reads it back: a platform may take a value in part, or not at all, without a word.
fn set(key: &Key, target: &mut dyn platform::Target, kind: Kind, value: Option<&str>) -> Result<(), String> {
    target.write(value).map_err(|error| error.to_string())?;
    let found = target.read().map_err(|error| error.to_string())?;
    if same(kind, found.as_deref(), value) {
        return Ok(());
    }
    let found = shown(found.as_deref());
    Err(match value {
        Some(value) => format!("wrote `{value}` to {key} and read {found} back"),
        None => format!("removed {key} and read {found} back"),
    })
}

fn put_back(write: &mut Write<'_>, platform: &dyn Platform) -> Result<(), String> {
    // A write that was refused changed nothing, and is not to be put back.
    let before = write.before.as_deref();
    let unchanged = write.target.read().is_ok_and(|found| same(write.kind, found.as_deref(), before));
    let mut put_back = Ok(());
    if !unchanged {
        // Twice: what refused a value because of a passing fault may take it now.
        put_back = set(&write.key, &mut *write.target, write.kind, before)
            .or_else(|_| set(&write.key, &mut *write.target, write.kind, before));
    }
    all_of([put_back, restore_also(&write.also, platform)])
}

/// Succeeds where all did; else every failure is named.
fn all_of(results: impl IntoIterator<Item = Result<(), String>>) -> Result<(), String> {
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
}

/// Brings back what a write changed besides itself.
fn restore_also(also: &[(Key, Kind, String)], platform: &dyn Platform) -> Result<(), String> {
    all_of(also.iter().map(|(key, kind, value)| {
        let restored = match platform.read(key) {
            LiveState::Present(found) if same(*kind, Some(&found), Some(value)) => Ok(()),
            // The interface is gone, and its settings with it.
            LiveState::Absent => Ok(()),
            _ => platform
                .open(key)
                .map_err(|error: PlatformError| error.to_string())
                .and_then(|mut target| set(key, &mut *target, *kind, Some(value))),
        };
        restored.map_err(|why| format!("{key} could not be brought back to `{value}`: {why}"))
    }))
}
