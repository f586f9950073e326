//! The state directory: rollback files, how each ended, and the lock. It is its owner's alone, and nothing in it
//! is reached through a link.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::io::Read;
use std::io::Write;
use std::ops::Deref;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::facts::Identity;
use crate::transaction::Records;
use crate::transaction::folder::Folder;
use crate::transaction::record::Command;
use crate::transaction::record::Ending;
use crate::transaction::record::Outcome;
use crate::transaction::record::Record;
use crate::transaction::record::is_foreign;
use crate::transaction::record::is_id;

/// No rollback file is larger: every setting of the catalogue, each with a full list of ports, is smaller.
const MAX_FILE: u64 = 16 << 20;
/// How long another twtune may hold the lock before this one gives up.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
/// A record before it has its name.
const TEMPORARY: &str = ".new";
const LOCK: &str = "lock";

/// Why the state cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It is not as twtune leaves it.
    #[error("{path}: {reason}")]
    Unacceptable {
        /// The directory or file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A record of the history, or how it ended, is not as twtune wrote it.
    #[error("{path}: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The record's number.
        id: u64,
        /// Whether it is of another twtune's format, and may be sound.
        foreign: bool,
    },
    /// It cannot be read or written.
    #[error("cannot {operation} {path}: {source}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A signal came while another twtune was at work.
    #[error("{0} while another twtune is at work; nothing was begun")]
    Interrupted(String),
    /// Another twtune is at work and does not come to an end.
    #[error("another twtune has been at work in {0} for too long")]
    Busy(PathBuf),
}

/// An open state directory.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    folder: Folder,
    /// What the names told when nothing waited.
    settled: RefCell<Option<Ids>>,
}

/// The ids that the names in the directory tell.
#[derive(Debug, Default)]
struct Ids {
    begun: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    /// On probation.
    due: BTreeSet<u64>,
}

/// The state directory while nobody else works in it: what its names tell holds until it is dropped.
#[derive(Debug)]
pub(super) struct Locked<'s> {
    store: &'s Store,
    ids: Ids,
    /// Whether nothing was seen to wait, and nothing was begun since.
    is_settled: bool,
    _lock: File,
}

impl Deref for Locked<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}

impl Store {
    /// Opens the state directory; None where there is none yet.
    ///
    /// # Errors
    /// It cannot be opened, or others than this user could write it.
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let folder = Folder::open(path)?;
        Ok(folder.map(|folder| Self { path: path.to_owned(), folder, settled: RefCell::default() }))
    }

    /// Opens the state directory, and makes it where there is none. One that is there and empty is closed to others;
    /// one in use is left as it is, for it may be more than ours.
    ///
    /// # Errors
    /// It cannot be made or opened, or others than this user could write it.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { path: path.to_owned(), folder: Folder::create(path)?, settled: RefCell::default() })
    }

    /// Waits until no other twtune is at work here. `say` hears of it when that takes time, `interruption` ends it.
    pub(super) fn lock(
        &self,
        interruption: &dyn Fn() -> Option<String>,
        say: &dyn Fn(&str),
    ) -> Result<Locked<'_>, StoreError> {
        let file = self.folder.open_lock(LOCK)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    let settled = self.still_settled();
                    let is_settled = settled.is_some();
                    let ids = settled.map_or_else(|| self.ids(), Ok)?;
                    return Ok(Locked { store: self, ids, is_settled, _lock: file });
                }
                Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                    if let Some(why) = interruption() {
                        return Err(StoreError::Interrupted(why));
                    }
                    if waited.is_zero() {
                        say("another twtune is at work, waiting for it to end");
                    }
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                }
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(self.path.clone())),
                Err(TryLockError::Error(error)) => return Err(failed("lock", &self.path.join(LOCK), error)),
            }
        }
    }

    /// What [`Self::is_settled`] saw, where that still holds: numbers follow each other, so whatever was begun since
    /// has the next one. A long history is then looked through once.
    fn still_settled(&self) -> Option<Ids> {
        let ids = self.settled.take()?;
        let next = ids.begun.last().unwrap_or(&0) + 1;
        (!self.folder.has(&format!("{next}.json"))).then_some(ids)
    }

    /// Whether another twtune is at work here right now.
    pub(super) fn is_busy(&self) -> bool {
        let lock = self.folder.existing_lock(LOCK);
        lock.is_some_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Lets this process alone watch a record, until the file is dropped; None where another does.
    ///
    /// # Errors
    /// The file that tells cannot be opened or locked.
    pub fn watch_alone(&self, id: &str) -> Result<Option<File>, StoreError> {
        let name = format!("{id}.watch");
        let file = self.folder.open_lock(&name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", &self.path.join(name), error)),
        }
    }

    /// The records, oldest first, each with how it ended; None for one that did not come to its end.
    pub(super) fn records(&self, here: &Identity) -> Result<Records, StoreError> {
        self.each_of(&self.ids()?, here).collect()
    }

    /// The same without those that cannot be read, and why they cannot.
    pub(super) fn readable(&self, here: &Identity) -> Result<(Records, Vec<StoreError>), StoreError> {
        Ok(self.readable_of(&self.ids()?, here))
    }

    fn readable_of(&self, ids: &Ids, here: &Identity) -> (Records, Vec<StoreError>) {
        let (mut records, mut damaged) = (Records::new(), Vec::new());
        for record in self.each_of(ids, here) {
            match record {
                Ok(record) => records.push(record),
                Err(error) => damaged.push(error),
            }
        }
        (records, damaged)
    }

    fn each_of(
        &self,
        ids: &Ids,
        here: &Identity,
    ) -> impl Iterator<Item = Result<(Record, Option<Ending>), StoreError>> {
        let newest = ids.begun.last().copied();
        let record_and_ending = move |id: u64| {
            let (record, ending) = self.entry_of(id)?;
            if ending.is_some() || Some(id) == newest || !ids.ended.contains(&id) {
                return Ok((record, ending));
            }
            // Something was begun since, so it did come to its end, and only how is lost.
            if record.origin.same_boot(here) || record.touches_boot() {
                let path = self.path.join(format!("{id}.end"));
                let reason = "it is damaged".into();
                return Err(StoreError::Damaged { path, reason, id, foreign: false });
            }
            // A loss of power takes what was not synced, and the values of that boot as well.
            let ending = Ending::new(&record.id, Outcome::Undone, Vec::new());
            Ok((record, Some(ending)))
        };
        ids.begun.iter().copied().map(record_and_ending)
    }

    /// Takes an ending away that was cut short.
    pub(super) fn forget_ending(&self, id: &str) {
        self.remove(&format!("{id}.end"));
    }

    /// The records that did not come to their end, oldest first. Only names are looked at, whatever the history's
    /// length, but for the newest: a twtune that was killed while it noted the ending left an empty one, and
    /// nothing was begun since.
    pub(super) fn unfinished(&self) -> Result<Vec<Record>, StoreError> {
        self.unfinished_of(&self.ids()?)?.into_iter().map(|id| self.record(id)).collect()
    }

    fn unfinished_of(&self, ids: &Ids) -> Result<Vec<u64>, StoreError> {
        let mut unfinished: Vec<u64> = ids.begun.difference(&ids.ended).copied().collect();
        if let Some(newest) = ids.begun.last()
            && ids.ended.contains(newest)
            && self.ending(*newest)?.is_none()
        {
            unfinished.push(*newest);
        }
        Ok(unfinished)
    }

    /// Whether nothing is on probation and everything that was begun came to its end.
    pub(super) fn is_settled(&self) -> Result<bool, StoreError> {
        let ids = self.ids()?;
        let is_settled = ids.due.is_empty() && self.unfinished_of(&ids)?.is_empty();
        // Whoever makes the first record has to see to it that others cannot look.
        self.settled.replace(Some(ids).filter(|ids| is_settled && !ids.begun.is_empty()));
        Ok(is_settled)
    }

    /// Whether there are records, and [`Self::is_settled`] saw them all come to their end.
    pub(super) fn is_known_settled(&self) -> bool {
        self.settled.borrow().is_some()
    }

    fn ending(&self, id: u64) -> Result<Option<Ending>, StoreError> {
        let ending = self.folder.read(&format!("{id}.end")).map_err(|error| damaged(error, id))?;
        Ok(ending.and_then(|text| Ending::parse(&text, &id.to_string())))
    }

    fn record(&self, id: u64) -> Result<Record, StoreError> {
        let name = format!("{id}.json");
        let path = self.path.join(&name);
        let text = self.folder.read(&name).map_err(|error| damaged(error, id))?;
        let text = text.ok_or_else(|| unacceptable(&path, "it was removed just now"))?;
        let damaged = |reason: String| {
            let foreign = is_foreign(&text);
            StoreError::Damaged { path: path.clone(), reason, id, foreign }
        };
        let record = Record::parse(&text).map_err(damaged)?;
        if record.id != id.to_string() {
            return Err(damaged("it is the file of another record".into()));
        }
        Ok(record)
    }

    fn ids(&self) -> Result<Ids, StoreError> {
        let (mut begun, mut ended, mut due) = (Vec::new(), Vec::new(), Vec::new());
        self.folder.for_each_name(|name| {
            let Some((id, kind)) = name.split_once('.').filter(|(id, _)| is_id(id)) else { return };
            match kind {
                "json" => begun.extend(id.parse::<u64>()),
                "end" => ended.extend(id.parse::<u64>()),
                "due" => due.extend(id.parse::<u64>()),
                _ => {}
            }
        })?;
        // A set is built faster of all at once than one by one.
        let [begun, ended, due] = [begun, ended, due].map(BTreeSet::from_iter);
        Ok(Ids { begun, ended, due })
    }

    /// The path of a record's rollback file.
    #[must_use]
    pub fn path_of(&self, id: &str) -> PathBuf {
        self.path.join(format!("{id}.json"))
    }

    /// Takes a record out again whose transaction was not begun. Where that fails as well it counts as interrupted,
    /// and `twtune rollback` finds nothing to undo in it.
    pub(super) fn discard(&self, id: &str) {
        self.remove(&format!("{id}.json"));
        self.remove(&format!("{id}.end"));
    }

    fn remove(&self, name: &str) {
        // Nearly always it is not there.
        let _ = self.folder.remove(name);
    }

    /// Notes how a transaction ended. Where it is about live values alone it is not synced: they are lost with the
    /// machine just as well, and without its ending the transaction counts as interrupted.
    pub(super) fn write_ending(&self, ending: &Ending, durable: bool) -> Result<(), StoreError> {
        let name = format!("{}.end", ending.id);
        if durable {
            return self.replace_file(&name, &ending.text()).and_then(|()| self.folder.sync()).inspect_err(
                |_| {
                    // What may not last is not to be believed either.
                    self.remove(&name);
                },
            );
        }
        match self.folder.create_file(&name) {
            Ok(mut file) => file.write_all(ending.text().as_bytes()).map_err(|error| {
                // Half an ending is none, and every command is to see that alike.
                self.remove(&name);
                failed("write", &self.path.join(&name), error)
            }),
            // An apply on probation that is kept, or an ending that was cut short.
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                self.replace_file(&name, &ending.text())
            }
            Err(error) => Err(error),
        }
    }

    /// The moment at which a record on probation is due; None where it is not on probation, 0 where its moment was
    /// never written out.
    pub(super) fn due(&self, id: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.folder.read(&format!("{id}.due"))?.map(|text| text.trim().parse().unwrap_or(0)))
    }

    pub(super) fn write_due(&self, id: &str, due: u64) -> Result<(), StoreError> {
        self.replace_file(&format!("{id}.due"), &format!("{due}\n"))
    }

    pub(super) fn remove_due(&self, id: &str) -> Result<(), StoreError> {
        let name = format!("{id}.due");
        self.remove(&format!("{id}.watch"));
        match self.folder.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", &self.path.join(name), error))
            }
            _ => Ok(()),
        }
    }

    /// The records on probation, oldest first.
    pub(super) fn due_ids(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.ids()?.due.iter().map(u64::to_string).collect())
    }

    /// One record and how it ended.
    pub(super) fn entry(&self, id: &str) -> Result<(Record, Option<Ending>), StoreError> {
        self.entry_of(id.parse().unwrap_or(0))
    }

    fn entry_of(&self, id: u64) -> Result<(Record, Option<Ending>), StoreError> {
        // The record first: an ending that is written meanwhile is then seen.
        let (record, ending) = (self.record(id)?, self.ending(id)?);
        Ok((record.confirmed(ending.as_ref()), ending))
    }

    /// Notes in an ending what is about to be done to files: on disk when this returns.
    pub(super) fn rewrite_ending(&self, ending: &Ending) -> Result<(), StoreError> {
        self.replace_file(&format!("{}.end", ending.id), &ending.text()).and_then(|()| self.folder.sync())
    }

    /// Writes a file as a whole, synced, in the place of one that may be there.
    fn replace_file(&self, name: &str, text: &str) -> Result<(), StoreError> {
        // What a killed twtune left; this one holds the lock.
        self.remove(TEMPORARY);
        let mut file = self.folder.create_file(TEMPORARY)?;
        let replaced = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| self.folder.rename(TEMPORARY, name));
        replaced.map_err(|error| {
            self.remove(TEMPORARY);
            failed("write", &self.path.join(name), error)
        })
    }

    /// The error of something that was tried with a record.
    pub(super) fn failed(&self, operation: &'static str, id: &str, error: io::Error) -> StoreError {
        failed(operation, &self.path_of(id), error)
    }
}

impl Locked<'_> {
    /// [`Store::records`], as they are until the lock is given back.
    pub(super) fn records(&self, here: &Identity) -> Result<Records, StoreError> {
        self.each_of(&self.ids, here).collect()
    }

    /// [`Store::readable`], as it is until the lock is given back.
    pub(super) fn readable(&self, here: &Identity) -> (Records, Vec<StoreError>) {
        self.readable_of(&self.ids, here)
    }

    /// [`Store::unfinished`], as they are until the lock is given back.
    pub(super) fn unfinished(&self) -> Result<Vec<Record>, StoreError> {
        let unfinished = if self.is_settled { Vec::new() } else { self.unfinished_of(&self.ids)? };
        unfinished.into_iter().map(|id| self.record(id)).collect()
    }

    /// Stores a record under the next free id. When this returns, it is on disk; when it fails, it is not there.
    pub(super) fn write_record(&mut self, mut record: Record) -> Result<(Record, String), StoreError> {
        let next = self.ids.begun.last().unwrap_or(&0) + 1;
        record.id = next.to_string();
        let (record, text) = record.sealed();
        let name = format!("{next}.json");
        // An ending without its record would be taken for this one's.
        self.remove(&format!("{next}.end"));
        let written = self.replace_file(&name, &text).and_then(|()| self.folder.sync());
        if let Err(error) = written {
            // Where the folder could not be synced the record is there under its name, and would count as begun.
            self.discard(&record.id);
            return Err(error);
        }
        self.ids.begun.insert(next);
        Ok((record, text))
    }

    /// Takes a record of another history into this one, so that what undoes it has a number to name. The number that
    /// it had is somebody else's here, and so is the one that it undid.
    pub(super) fn adopt(&mut self, record: Record) -> Result<Record, StoreError> {
        let outcome = match record.command {
            Command::Apply => Outcome::Applied,
            Command::Rollback => Outcome::RolledBack,
        };
        let (record, _) = self.write_record(Record { undoes: None, ..record })?;
        let ending = Ending::new(&record.id, outcome, Vec::new());
        if let Err(error) = self.write_ending(&ending, record.touches_boot()) {
            self.discard(&record.id);
            return Err(error);
        }
        Ok(record)
    }
}

pub(super) fn read_text(path: &Path, file: File) -> Result<String, StoreError> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| failed("read", path, error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(unacceptable(path, "it is larger than any rollback file"));
    }
    String::from_utf8(bytes).map_err(|_| unacceptable(path, "it is damaged: not UTF-8"))
}

/// What stands in the place of a record's file.
fn damaged(error: StoreError, id: u64) -> StoreError {
    match error {
        StoreError::Unacceptable { path, reason } => StoreError::Damaged { path, reason, id, foreign: false },
        other => other,
    }
}

pub(super) fn unacceptable(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::Unacceptable { path: path.to_owned(), reason: reason.into() }
}

pub(super) fn failed(operation: &'static str, path: &Path, error: impl Into<io::Error>) -> StoreError {
    StoreError::Io { operation, path: path.to_owned(), source: error.into() }
}
