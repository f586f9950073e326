//! What an apply writes to the files that set values at boot, at once or when it is confirmed: held against what they
//! say under the lock, for others may have come between.

use crate::facts::BootState;
use crate::facts::Identity;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::plan::DROP_IN;
use crate::plan::DropIn;
use crate::plan::Edit;
use crate::plan::NextBoot;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::Target;
use crate::platform::stored::BootFolder;
use crate::platform::stored::StoredFile;
use crate::setting::Key;
use crate::setting::Version;
use crate::setting::catalogue;
use crate::transaction::Change;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::Stale;
use crate::transaction::TransactionError;
use crate::transaction::boot::FileWrite;
use crate::transaction::boot::Layers;
use crate::transaction::boot::is_half_confirmed;
use crate::transaction::boot::stored;
use crate::transaction::execute::same;
use crate::transaction::history::in_force;
use crate::transaction::lines::Line;
use crate::transaction::lines::commented;
use crate::transaction::lines::parts;
use crate::transaction::record::Comment;
use crate::transaction::record::Ending;
use crate::transaction::record::FileChange;
use crate::transaction::record::SavedFile;

/// The files of the next boot, and the kernel's version where it is known.
pub type Boot<'a> = (&'a dyn BootFolder, Option<Version>);

/// Adds to a record what a plan does to the files, and gives the files to write.
///
/// # Errors
/// A file cannot be read, or is not what twtune left or the plan found; or the next boot would not be what the plan says.
pub(super) fn plan_files(
    record: &mut Record,
    plan: &Plan,
    records: &Records,
    here: &Identity,
    (folder, version): Boot<'_>,
) -> Result<Vec<FileWrite>, TransactionError> {
    refuse_half_confirmed(records, None, here)?;
    let (files, loader) = folder.boot_files();
    let next = NextBoot { files, loader, version };
    let changes = || plan.changes.iter().filter(|change| change.target == Target::Boot);
    let mut stale = Vec::new();
    for change in changes() {
        let found = next.value(&change.key, change.setting).state.value().map(str::to_owned);
        if !same(change.setting.kind, found.as_deref(), change.before.as_deref()) {
            let (key, planned) = (change.key.clone(), change.before.clone());
            stale.push(Stale { key, target: Target::Boot, planned, found });
        }
        record.changes.push(Change {
            key: change.key.to_string(),
            target: Target::Boot.to_string(),
            before: change.before.clone(),
            after: change.after.clone(),
            also: Vec::new(),
            comment: Some(Comment { profile: change.profile.clone(), why: change.why.clone() }),
        });
    }
    if !stale.is_empty() {
        return Err(TransactionError::Stale(stale));
    }
    let layers = Layers::replay(records, here);
    let now = layers.drop_in();
    let with = layers.with(record, record).drop_in();
    let keys: Vec<Key> = changes().map(|change| change.key.clone()).collect();
    for edit in edits(next, &with, &keys)? {
        let is_planned = |line: &(usize, Key)| {
            plan.edits.iter().any(|planned| planned.path == edit.path && planned.lines.contains(line))
        };
        if let Some(line) = edit.lines.iter().find(|line| !is_planned(line)) {
            return Err(shadowed(&edit, line));
        }
    }
    let mut writes = Vec::new();
    for edit in &plan.edits {
        let found = folder.read_file(&edit.path)?;
        let change = taken_over(edit, found.as_ref())?;
        writes.push(FileWrite {
            path: edit.path.clone(),
            before: found,
            after: stored(change.after.as_ref()),
        });
        record.files.push(change);
    }
    writes.push(own_file(&now, &with, folder)?);
    Ok(writes)
}

/// While nobody knows how far the confirmation of an apply in force has come, nobody else writes files.
pub(super) fn refuse_half_confirmed(
    records: &Records,
    but: Option<&str>,
    here: &Identity,
) -> Result<(), TransactionError> {
    let mut entries = records.iter().zip(in_force(records, here));
    let half = entries.find(|((record, ending), in_force)| {
        *in_force && Some(record.id.as_str()) != but && ending.as_ref().is_some_and(is_half_confirmed)
    });
    half.map_or(Ok(()), |((record, _), _)| Err(TransactionError::HalfConfirmed(record.id.clone())))
}

fn edits(next: NextBoot, own: &DropIn, keys: &[Key]) -> Result<Vec<Edit>, TransactionError> {
    let in_the_way =
        |refusal: Refusal| TransactionError::InTheWay(format!("{}: {}", refusal.key, refusal.reason));
    next.edits(own, keys).map_err(in_the_way)
}

fn shadowed(edit: &Edit, (number, key): &(usize, Key)) -> TransactionError {
    let line = parts(&edit.text).nth(number.saturating_sub(1)).unwrap_or_default();
    TransactionError::Shadowed {
        place: format!("{}:{number}", edit.source),
        line: String::from_utf8_lossy(line).trim().to_owned(),
        key: key.clone(),
    }
}

/// What becomes of a file whose lines are commented out.
fn taken_over(edit: &Edit, found: Option<&StoredFile>) -> Result<FileChange, TransactionError> {
    let lines: Vec<usize> = edit.lines.iter().map(|(line, _)| *line).collect();
    let text = commented(&edit.text, &lines);
    let after = match found {
        Some(found) if edit.source == edit.path && found.content == edit.text => found.with(text),
        None if edit.source != edit.path => StoredFile::new(text),
        _ => return Err(TransactionError::Changed(edit.path.clone())),
    };
    Ok(FileChange {
        path: edit.path.clone(),
        lines: edit.lines.iter().map(|(line, key)| (*line, key.to_string())).collect(),
        before: found.map(SavedFile::of),
        after: Some(SavedFile::of(&after)),
    })
}

/// twtune's own file with the lines of an apply.
fn own_file(now: &DropIn, with: &DropIn, folder: &dyn BootFolder) -> Result<FileWrite, TransactionError> {
    let before = folder.read_file(DROP_IN)?;
    let (now, with) = (now.text(), with.text());
    let text = before.as_ref().map(|file| file.content.as_slice());
    // A confirmation that was killed may have written it.
    if ![&now, &with].iter().any(|expected| text == expected.as_ref().map(String::as_bytes)) {
        return Err(TransactionError::Changed(DROP_IN.into()));
    }
    let after = with.map(|text| StoredFile::new(text.into_bytes()));
    Ok(FileWrite { path: DROP_IN.into(), before, after })
}

/// What the confirmation of an apply does to files, planned again from what the apply wanted: the files to write, and
/// what is to be said of those of others.
///
/// # Errors
/// A file cannot be read, or is not what twtune left; or a line that nobody knew of when it was applied would win.
pub(super) fn confirmed_files(
    (apply, ending): (&Record, &Ending),
    records: &Records,
    here: &Identity,
    (folder, version): Boot<'_>,
) -> Result<(Vec<FileWrite>, Vec<FileChange>), TransactionError> {
    refuse_half_confirmed(records, Some(&apply.id), here)?;
    let (mut files, loader) = folder.boot_files();
    // What an earlier confirmation, which was killed, has written is planned as if it had not.
    let (mut before, mut writes, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for file in apply.files.iter().filter(|_| is_half_confirmed(ending)) {
        let (was, is, found) =
            (stored(file.before.as_ref()), stored(file.after.as_ref()), folder.read_file(&file.path)?);
        if StoredFile::same(found.as_ref(), is.as_ref()) {
            put(&mut files, &file.path, was.as_ref());
            writes.push(FileWrite { path: file.path.clone(), before: found, after: was.clone() });
            before.push((&file.path, was));
        } else if !StoredFile::same(found.as_ref(), was.as_ref()) {
            return Err(TransactionError::Changed(file.path.clone()));
        }
    }
    let now = Layers::replay(records, here).drop_in();
    let layers = Layers::replay_with(records, Some(apply), here);
    let own = apply.boot().filter(|change| layers.is_on_top(&change.key, &apply.id));
    let keys: Vec<Key> = own.filter_map(|change| Key::parse(&change.key).ok()).collect();
    let with = layers.drop_in();
    for edit in edits(NextBoot { files, loader, version }, &with, &keys)? {
        if let Some(line) = edit.lines.iter().find(|line| !was_known(records, &edit, line)) {
            return Err(shadowed(&edit, line));
        }
        let found = match before.iter().find(|(path, _)| **path == edit.path) {
            Some((_, was)) => was.clone(),
            None => folder.read_file(&edit.path)?,
        };
        let change = taken_over(&edit, found.as_ref())?;
        let after = stored(change.after.as_ref());
        match writes.iter_mut().find(|write| write.path == edit.path) {
            Some(write) => write.after = after,
            None => writes.push(FileWrite { path: edit.path.clone(), before: found, after }),
        }
        changes.push(change);
    }
    writes.push(own_file(&now, &with, folder)?);
    Ok((writes, changes))
}

/// Puts a file in the place of the one that may be there, or takes it away.
fn put(files: &mut BootFiles, path: &str, file: Option<&StoredFile>) {
    let Some(text) = file.map(|file| file.content.clone()) else {
        files.files.retain(|file| file.path != path);
        return;
    };
    if !files.files.iter().any(|file| file.place() == path) {
        *files = std::mem::take(files).with(path, text);
        return;
    }
    for file in files.files.iter_mut().filter(|file| file.place() == path) {
        file.content = Content::Text(text.clone());
    }
}

/// What the files say of changes, now and once these are written: they are the last word, whatever the records expect.
pub(super) fn told_by_files(changes: &mut [Change], writes: &[FileWrite], folder: &dyn BootFolder) {
    let (files, loader) = folder.boot_files();
    let mut written = files.clone();
    for write in writes {
        put(&mut written, &write.path, write.after.as_ref());
    }
    let [now, then] = [files, written].map(|files| NextBoot { files, loader, version: None });
    for change in changes {
        let Ok(key) = Key::parse(&change.key) else { continue };
        let Some(setting) = catalogue::find_or_text(&key) else { continue };
        for (next, value) in [(&now, &mut change.before), (&then, &mut change.after)] {
            match next.value(&key, setting).state {
                BootState::Present(found) => *value = Some(found),
                BootState::Default => *value = None,
                // Nothing is told of it but by the records.
                BootState::Unreadable(_) | BootState::Unknown(_) => {}
            }
        }
    }
}

/// Whether an apply here has planned to take this very line over, or has done so.
fn was_known(records: &Records, edit: &Edit, (number, key): &(usize, Key)) -> bool {
    let line = parts(&edit.text).nth(number.saturating_sub(1));
    let files = records.iter().flat_map(|(record, _)| &record.files).filter(|file| file.path == edit.path);
    files.into_iter().any(|file| {
        let after = stored(file.after.as_ref()).unwrap_or_default();
        let lines = Line::all(&after.content, &file.lines);
        lines.iter().any(|known| known.key == key.as_str() && Some(known.original()) == line)
    })
}
