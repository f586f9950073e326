//! Files that people name.

use std::fs::File;
use std::io;
use std::path::Path;

use super::path::own_folder;
use crate::platform::windows::others_who_may_change;

/// Opens what is there to be read. In twtune's own folder it must be the administrators': everybody may make files
/// below program data, and what a profile says is done.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let own = own_folder().ok().filter(|own| path.starts_with(own));
    for guarded in own.iter().map(|own| &**own).chain(own.as_ref().map(|_| path)) {
        if let Some(why) = guarded.exists().then(|| others_who_may_change(guarded)).transpose()?.flatten() {
            let told = format!("{}: {why}", guarded.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, told));
        }
    }
    File::open(path)
}

/// Makes a new file; who can read it is what its folder says.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}
