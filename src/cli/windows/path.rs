//! Where twtune's own files lie: `%ProgramData%\twtune`.

use std::io;
use std::path::PathBuf;

use crate::platform::windows::program_data;

/// twtune's folder.
pub(super) fn own_folder() -> io::Result<PathBuf> {
    Ok(program_data()?.join("twtune"))
}

fn inside(name: &str) -> PathBuf {
    // Where Windows does not tell the folder, the usual one is named in the error that follows.
    own_folder().unwrap_or_else(|_| PathBuf::from(r"C:\ProgramData\twtune")).join(name)
}

/// The configuration file.
pub(crate) fn config_file() -> PathBuf {
    inside("twtune.toml")
}

/// Where user profiles lie.
pub(crate) fn profile_folder() -> PathBuf {
    inside("profiles.d")
}

/// Where rollback files and the history are kept.
pub(crate) fn state_folder() -> PathBuf {
    inside("state")
}
