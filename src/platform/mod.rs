//! Where settings live: one trait, several worlds. Imports `setting` and `facts`. Only `transaction` writes
//! through it.

pub mod descriptor;
pub mod image;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod memory;
pub mod registry;
pub mod stored;
#[cfg(windows)]
pub mod windows;

use thiserror::Error;

use crate::facts::LiveState;
use crate::facts::Writable;
use crate::setting::Key;

/// A place that has settings.
pub trait Platform {
    /// The live value of a setting. Never fails: what stands in the way is the answer.
    fn read(&self, key: &Key) -> LiveState;

    /// Whether there is such a setting.
    fn has(&self, key: &Key) -> bool {
        self.read(key) != LiveState::Absent
    }

    /// Whether this user may write the setting here. Nothing is opened for it.
    fn writable(&self, key: &Key) -> Writable;

    /// Whether the value may be newer than the last boot, where the platform keeps values that count after one.
    fn newer_than_boot(&self, _key: &Key) -> bool {
        false
    }

    /// The settings of this platform that the pattern names (`net.ipv4.conf.*.forwarding`), in a fixed order.
    fn expand(&self, pattern: &str) -> Vec<Key>;

    /// Opens a setting to be written. Everything that can be known to stand in the way is known now.
    ///
    /// # Errors
    /// The setting is not there or may not be written.
    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError>;
}

/// A setting that was opened to be written.
pub trait Target {
    /// Writes a value as a whole, in one go; None takes the setting away, where the platform lets it go.
    ///
    /// # Errors
    /// The platform refused it; the setting may still have changed, so read it back.
    fn write(&mut self, value: Option<&str>) -> Result<(), PlatformError>;

    /// Reads the value that is there now, with single spaces between its parts; None where there is none.
    ///
    /// # Errors
    /// It could not be read.
    fn read(&mut self) -> Result<Option<String>, PlatformError>;
}

/// What a platform could not do: operation, place, value and cause.
#[derive(Debug, Error)]
#[error("cannot {operation} {key}: {cause}")]
pub struct PlatformError {
    /// What was tried: ``write `60999 1024` to``.
    pub operation: String,
    /// The setting.
    pub key: Key,
    /// What the platform said.
    pub cause: String,
    /// Whether it is this user who may not.
    pub denied: bool,
}
