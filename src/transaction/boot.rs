//! The files that set values at boot: what each is to be when the applies in force are these. Nothing but the
//! records says so, for twtune's own file as for those that it took lines from.

use std::collections::BTreeMap;

use crate::facts::Identity;
use crate::plan::DROP_IN;
use crate::plan::DropIn;
use crate::plan::DropInLine;
use crate::platform::stored::BootFolder;
use crate::platform::stored::FileError;
use crate::platform::stored::StoredFile;
use crate::setting::Key;
use crate::transaction::Command;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::Store;
use crate::transaction::StoreError;
use crate::transaction::history::counts;
use crate::transaction::lines::Line;
use crate::transaction::lines::edited;
use crate::transaction::lines::uncomment;
use crate::transaction::record::Change;
use crate::transaction::record::Ending;
use crate::transaction::record::FileChange;
use crate::transaction::record::SavedFile;

/// One file to replace.
#[derive(Debug)]
pub(super) struct FileWrite {
    pub(super) path: String,
    pub(super) before: Option<StoredFile>,
    pub(super) after: Option<StoredFile>,
}

/// What twtune's own file says now.
///
/// # Errors
/// The state directory or a file in it is not acceptable.
pub fn drop_in(store: Option<&Store>, here: &Identity) -> Result<DropIn, StoreError> {
    let records = store.map(|store| store.records(here)).transpose()?.unwrap_or_default();
    Ok(Layers::replay(&records, here).drop_in())
}

/// What lies on what: for each setting and each file the applies in force that have to do with it.
#[derive(Default)]
pub(super) struct Layers {
    lines: BTreeMap<Key, Vec<LineLayer>>,
    files: BTreeMap<String, Vec<Layer>>,
}

struct LineLayer {
    id: String,
    line: DropInLine,
    /// What the boot would set without it.
    before: Option<String>,
}

/// Lines of another's file, commented out.
struct Layer {
    id: String,
    lines: Vec<Line>,
    before: Option<StoredFile>,
    /// What it would say without that.
    original: Vec<u8>,
    after: Option<StoredFile>,
}

impl Layers {
    /// Replays the history of this machine, whatever boot it was in. What waits to be confirmed has written no file.
    pub(super) fn replay(records: &Records, here: &Identity) -> Self {
        Self::replay_with(records, None, here)
    }

    /// The same once this apply is confirmed: it then lies where it was made, below what was applied since.
    pub(super) fn replay_with(records: &Records, confirmed: Option<&Record>, here: &Identity) -> Self {
        let mut layers = Self::default();
        // What was confirmed when others had been there since: its lines lie where it was made, its files above theirs.
        let mut late: Vec<(&str, &Record)> = Vec::new();
        for (record, ending) in records {
            let waits = |ending: &Ending| {
                ending.outcome == Outcome::Pending
                    && confirmed.is_none_or(|confirmed| confirmed.id != record.id)
            };
            let written = ending.as_ref().filter(|ending| !waits(ending) && counts(record, ending));
            if let Some(ending) = written.filter(|_| record.origin.same_machine(here)) {
                let behind = ending.confirmed.as_ref().map(|confirmed| confirmed.behind.as_str());
                late.extend(behind.map(|behind| (behind, record)));
                layers.add(records, record, behind.is_none());
            }
            for (_, late) in late.extract_if(.., |(behind, _)| *behind == record.id) {
                layers.put_files_on(&late.id, late);
            }
        }
        layers
    }

    fn add(&mut self, records: &Records, record: &Record, with_files: bool) {
        let find = |id: &String| records.iter().map(|(other, _)| other).find(|other| other.id == *id);
        let undone = record.undoes.as_ref().and_then(find);
        match (record.command, undone) {
            (Command::Apply, _) => {
                self.put_lines_in(record, record);
                if with_files {
                    self.put_files_on(&record.id, record);
                }
            }
            (Command::Rollback, Some(undone)) => {
                // The undoing of a rollback brings back what that took away.
                if let Some(apply) = undone.undoes.as_ref().and_then(find) {
                    self.put_lines_in(apply, undone);
                    self.put_files_on(&apply.id, record);
                    return;
                }
                self.take_out(&undone.id);
                // Where it lay below others, their file is no longer what they had left.
                for file in &record.files {
                    if let Some(top) = self.files.get_mut(&file.path).and_then(|layers| layers.last_mut()) {
                        top.after = stored(file.after.as_ref());
                    }
                }
            }
            (Command::Rollback, None) => {}
        }
    }

    /// Puts the lines of an apply that this record is about where they lie: in the order of the applies.
    fn put_lines_in(&mut self, apply: &Record, about: &Record) {
        for change in apply.boot().filter(|change| about.boots(&change.key)) {
            if let (Ok(key), Some(line)) = (Key::parse(&change.key), line(change)) {
                let (id, mut before) = (apply.id.clone(), change.before.clone());
                let layers = self.lines.entry(key).or_default();
                // What is not stored yet has no number, and lies on top.
                let number = |id: &str| id.parse::<u64>().unwrap_or(u64::MAX);
                let at = layers.partition_point(|layer| number(&layer.id) < number(&id));
                if let Some(above) = layers.get_mut(at) {
                    before = above.before.replace(line.value.clone());
                }
                layers.insert(at, LineLayer { id, line, before });
            }
        }
    }

    fn put_files_on(&mut self, id: &str, did: &Record) {
        for file in &did.files {
            let (before, after) = (stored(file.before.as_ref()), stored(file.after.as_ref()));
            let lines =
                after.as_ref().map(|after| Line::all(&after.content, &file.lines)).unwrap_or_default();
            let original = after.as_ref().map(|after| uncomment(&after.content, &lines)).unwrap_or_default();
            let layer = Layer { id: id.to_owned(), lines, before, original, after };
            self.files.entry(file.path.clone()).or_default().push(layer);
        }
    }

    pub(super) fn take_out(&mut self, id: &str) {
        for layers in self.lines.values_mut() {
            if let Some(at) = layers.iter().position(|layer| layer.id == id) {
                let gone = layers.remove(at);
                if let Some(above) = layers.get_mut(at) {
                    above.before = gone.before;
                }
            }
        }
        for layers in self.files.values_mut() {
            while let Some(at) = layers.iter().position(|layer| layer.id == id) {
                let gone = layers.remove(at);
                let mut freed = Vec::new();
                // A line whose setting another apply holds stays out of the way of that one, which takes it over.
                for line in gone.lines {
                    let Some(heir) = holder(&self.lines, &line.key) else {
                        freed.push(line);
                        continue;
                    };
                    if let Some(own) = layers.iter_mut().find(|layer| layer.id == heir) {
                        own.lines.push(line);
                    } else {
                        let (before, original) = (gone.before.clone(), gone.original.clone());
                        let (id, lines, after) = (heir.into(), vec![line], gone.after.clone());
                        layers.insert(at, Layer { id, lines, before, original, after });
                    }
                }
                // What was there before any of them, and what is there now, is said by the first and the last.
                if let Some(first) = layers.first_mut().filter(|_| at == 0) {
                    (first.before, first.original) = (gone.before, gone.original);
                }
                let end = layers.len();
                if let Some(last) = layers.last_mut().filter(|_| at == end) {
                    last.after = gone.after.map(|file| file.with(uncomment(&file.content, &freed)));
                }
            }
        }
    }

    /// The same with the lines of an apply that this record is about.
    pub(super) fn with(mut self, apply: &Record, about: &Record) -> Self {
        self.put_lines_in(apply, about);
        self
    }

    pub(super) fn without(mut self, id: &str) -> Self {
        self.take_out(id);
        self
    }

    /// What twtune's own file says.
    pub(super) fn drop_in(&self) -> DropIn {
        let top = |(key, layers): (&Key, &Vec<LineLayer>)| Some((key.clone(), layers.last()?.line.clone()));
        DropIn { lines: self.lines.iter().filter_map(top).collect() }
    }

    /// What lies below an apply's line, and that itself, where no later one holds the setting.
    fn own(&self, key: &str, id: &str) -> Option<&[LineLayer]> {
        let layers = self.lines.get(&Key::parse(key).ok()?)?;
        (layers.last()?.id == id).then_some(layers)
    }

    /// Whether an apply's line is the one in the file.
    pub(super) fn is_on_top(&self, key: &str, id: &str) -> bool {
        self.own(key, id).is_some()
    }

    /// The lines of a file that the undoing of an apply is about, what should be there, and where that takes it: back to
    /// what was there before any apply, or else to what is there with the lines uncommented that no other holds.
    fn below(&self, path: &str, id: &str) -> Option<FileGoal> {
        let layers = self.files.get(path)?;
        let own = || layers.iter().filter(|layer| layer.id == id);
        let (first, last) = (layers.first()?, layers.last().filter(|_| own().next().is_some())?);
        let held = |key: &str| {
            let others = Key::parse(key).ok().and_then(|key| self.lines.get(&key));
            others.is_some_and(|layers| layers.iter().any(|layer| layer.id != id))
        };
        let from = last.after.as_ref()?;
        let free: Vec<Line> =
            own().flat_map(|layer| &layer.lines).filter(|line| !held(&line.key)).cloned().collect();
        let text = uncomment(&from.content, &free);
        let alone = own().count() == layers.len() && text == first.original;
        let to = if alone { first.before.clone() } else { Some(from.clone()) };
        let to = if alone || free.is_empty() { to } else { Some(from.with(text)) };
        let numbered = |line: &Line| Some((line.find(&from.content)?, line.key.clone()));
        let lines = own().flat_map(|layer| &layer.lines).filter_map(numbered).collect();
        Some(FileGoal { path: path.into(), lines, from: last.after.clone(), to, unsure: false })
    }

    /// The files whose lines an apply has from one that was rolled back since.
    fn inherited(&self, record: &Record) -> Vec<FileGoal> {
        let own = |path: &String| record.files.iter().any(|file| file.path == *path);
        let others = self.files.keys().filter(|path| !own(path));
        others.filter_map(|path| self.below(path, &record.id)).collect()
    }
}

/// The apply that holds a setting's line.
fn holder<'l>(lines: &'l BTreeMap<Key, Vec<LineLayer>>, key: &str) -> Option<&'l str> {
    let layers = lines.get(&Key::parse(key).ok()?)?;
    layers.last().map(|layer| layer.id.as_str())
}

/// The lines and files that a rollback of a record, or its bringing to an end, leads to.
pub(super) fn goals(
    record: &Record,
    records: &Records,
    known: bool,
    settling: bool,
    here: &Identity,
) -> Goals {
    let layers = Layers::replay(records, here);
    let undone = record.undoes.as_ref().filter(|_| known);
    let undone = undone.and_then(|id| records.iter().map(|(other, _)| other).find(|other| other.id == *id));
    let now = layers.drop_in();
    // A confirmation that was killed may have written its files, and may not.
    let is_begun = |(other, ending): &(Record, Option<Ending>)| {
        other.id == record.id && ending.as_ref().is_some_and(is_half_confirmed)
    };
    let begun = known && records.iter().any(is_begun);
    let forward = settling && record.command == Command::Rollback;
    let value = |change: &Change| {
        let own = layers.own(&change.key, &record.id);
        let held = known && !settling && !begun && record.command == Command::Apply;
        match own {
            // What lies below it may have been confirmed since.
            Some([.., below, _]) => Some((change.key.clone(), Some(below.line.value.clone()))),
            Some([only]) => Some((change.key.clone(), only.before.clone())),
            Some([]) => None,
            None if held => None,
            None if forward => Some((change.key.clone(), change.after.clone())),
            None => Some((change.key.clone(), change.before.clone())),
        }
    };
    let values = record.boot().filter_map(value).collect();
    let aside = |file: &FileChange, back: bool| {
        let (before, after) = (stored(file.before.as_ref()), stored(file.after.as_ref()));
        let (from, to) = if back { (after, before) } else { (before, after) };
        FileGoal { path: file.path.clone(), lines: file.lines.clone(), from, to, unsure: begun }
    };
    let mut files = Vec::new();
    let drop_in = match (record.command, settling, undone) {
        // Never noted as done: away with what it may have written.
        (Command::Apply, true, _) => {
            files.extend(record.files.iter().map(|file| aside(file, true)));
            now.clone()
        }
        // Brought to its end.
        (Command::Rollback, true, Some(undone)) => {
            files.extend(record.files.iter().map(|file| aside(file, false)));
            after_undoing(layers, undone, records)
        }
        _ => {
            files.extend(layers.inherited(record));
            // An apply whose lines all went to later ones has no file any more.
            let told = known && !begun && record.command == Command::Apply;
            let goal = |file: &FileChange| {
                if told { layers.below(&file.path, &record.id) } else { Some(aside(file, true)) }
            };
            files.extend(record.files.iter().filter_map(goal));
            after_undoing(layers, record, records)
        }
    };
    // What the file may be, besides where it goes: what the records say, and what the interrupted one was writing.
    let mut expected = vec![now.text(), drop_in.text()];
    if record.command == Command::Apply {
        // Also where it waits to be confirmed, and a confirmation that was killed may have got so far.
        expected.push(Layers::replay(records, here).with(record, record).drop_in().text());
    }
    Goals { drop_in, expected, files, values }
}

/// Where a rollback takes the files.
pub(super) struct Goals {
    drop_in: DropIn,
    expected: Vec<Option<String>>,
    files: Vec<FileGoal>,
    /// For each setting what the boot will set then; none of those that a later apply holds.
    pub(super) values: BTreeMap<String, Option<String>>,
}

struct FileGoal {
    path: String,
    lines: Vec<(usize, String)>,
    /// What should be there.
    from: Option<StoredFile>,
    /// Where it goes.
    to: Option<StoredFile>,
    /// Whether it may never have been written, so that it is left alone where something else is there.
    unsure: bool,
}

/// What a look at the files found.
pub(super) struct FileLook {
    pub(super) writes: Vec<FileWrite>,
    /// What the record is to say of those of others.
    pub(super) changes: Vec<FileChange>,
    /// Those that somebody else has changed since.
    pub(super) foreign: Vec<Foreign>,
}

/// A file that somebody else has changed since.
pub(super) struct Foreign {
    pub(super) path: String,
    /// The settings that it is about; None of twtune's own file, which is about all.
    pub(super) keys: Option<Vec<String>>,
}

fn after_undoing(layers: Layers, record: &Record, records: &Records) -> DropIn {
    let find = |id: &String| records.iter().map(|(other, _)| other).find(|other| other.id == *id);
    match record.undoes.as_ref().and_then(find) {
        Some(apply) => layers.with(apply, record).drop_in(),
        None => layers.without(&record.id).drop_in(),
    }
}

impl Goals {
    /// The files to write, and those that somebody else has changed since. These are dealt with all the same where
    /// every setting concerned is forced: in a file of others our lines alone, twtune's own as a whole.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn look(
        self,
        folder: &dyn BootFolder,
        is_forced: &dyn Fn(&str) -> bool,
    ) -> Result<FileLook, FileError> {
        let (mut writes, mut changes, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
        for FileGoal { path, lines, from, mut to, unsure } in self.files {
            let found = folder.read_file(&path)?;
            let is = |file: &Option<StoredFile>| StoredFile::same(found.as_ref(), file.as_ref());
            if unsure && !is(&from) {
                continue;
            }
            let is_foreign = !is(&from) && !is(&to);
            if is_foreign && !lines.iter().all(|(_, key)| is_forced(key)) {
                let keys = lines.into_iter().map(|(_, key)| key).collect();
                foreign.push(Foreign { path, keys: Some(keys) });
                continue;
            }
            if is_foreign {
                to = edited(found.as_ref(), from.as_ref(), to.as_ref(), &lines);
            }
            // Where a rollback that could not put back what it had begun was here before, this one has it in its record.
            let before = if is(&to) { &from } else { &found };
            if !StoredFile::same(before.as_ref(), to.as_ref()) {
                let (before, after) = (before.as_ref().map(SavedFile::of), to.as_ref().map(SavedFile::of));
                changes.push(FileChange { path: path.clone(), lines, before, after });
            }
            if !is(&to) {
                writes.push(FileWrite { path, before: found, after: to });
            }
        }
        let found = folder.read_file(DROP_IN)?;
        let text = found.as_ref().map(|file| file.content.as_slice());
        let is = |expected: &Option<String>| text == expected.as_ref().map(String::as_bytes);
        let goal = self.drop_in.text();
        if !self.expected.iter().any(is) && !self.values.keys().all(|key| is_forced(key)) {
            foreign.push(Foreign { path: DROP_IN.into(), keys: None });
        } else if !is(&goal) {
            let after = goal.map(|text| StoredFile::new(text.into_bytes()));
            writes.push(FileWrite { path: DROP_IN.into(), before: found, after });
        }
        Ok(FileLook { writes, changes, foreign })
    }
}

/// What stands in the file for a change.
fn line(change: &Change) -> Option<DropInLine> {
    let comment = change.comment.clone()?;
    Some(DropInLine { value: change.after.clone()?, profile: comment.profile, why: comment.why })
}

/// Whether a confirmation was begun and did not come to its end.
pub(super) fn is_half_confirmed(ending: &Ending) -> bool {
    ending.outcome == Outcome::Pending && ending.confirmed.is_some()
}

pub(super) fn stored(file: Option<&SavedFile>) -> Option<StoredFile> {
    file.and_then(SavedFile::stored)
}
