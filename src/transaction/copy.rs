//! Rollback files outside the state directory: copies, and those of another history.

use std::io::Write;
use std::path::Path;

use crate::transaction::folder;
use crate::transaction::record::Record;
use crate::transaction::store::StoreError;
use crate::transaction::store::failed;
use crate::transaction::store::unacceptable;

/// Reads a rollback file from anywhere: it and its folder must be this user's, and nobody else may write them.
pub(super) fn read_record(path: &Path) -> Result<Record, StoreError> {
    let text = folder::read_private_file(path)?;
    Record::parse(&text).map_err(|reason| unacceptable(path, reason))
}

/// Refuses a place for a copy of a rollback file out of which a rollback would not take it.
pub(super) fn check_place_of_copy(path: &Path) -> Result<(), StoreError> {
    folder::check_folder_of(path).map_err(|error| match error {
        StoreError::Unacceptable { path: folder, reason } => unacceptable(
            &folder,
            format!(
                "{reason}, so that no rollback would take a file from there; name one in a folder of your own"
            ),
        ),
        other => other,
    })
}

/// Writes a copy of a rollback file as a new file, synced.
pub(super) fn write_copy(path: &Path, text: &str) -> Result<(), StoreError> {
    let mut file = folder::create_private_file(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| failed("write", path, error))
        .and_then(|()| folder::sync_folder_of(path));
    if written.is_err() {
        // Half a copy is of no use, and would be in the way of the next attempt.
        let _ = std::fs::remove_file(path);
    }
    written
}
