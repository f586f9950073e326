//! Where twtune's own files lie.

use std::path::PathBuf;

/// The configuration file.
pub(crate) fn config_file() -> PathBuf {
    "/etc/twtune/twtune.toml".into()
}

/// Where user profiles lie.
pub(crate) fn profile_folder() -> PathBuf {
    "/etc/twtune/profiles.d".into()
}

/// Where rollback files and the history are kept.
pub(crate) fn state_folder() -> PathBuf {
    "/var/lib/twtune".into()
}
