//! An image or chroot: it has files, but nothing runs that could be asked or changed.

use crate::facts::LiveState;
use crate::facts::Writable;
use crate::platform::Platform;
use crate::platform::PlatformError;
use crate::platform::Target;
use crate::setting::Key;

const WHY: &str = "an image does not run";

/// A system that does not run.
#[derive(Debug)]
pub struct Image;

impl Platform for Image {
    fn read(&self, _: &Key) -> LiveState {
        LiveState::Unknown(WHY.into())
    }

    fn writable(&self, _: &Key) -> Writable {
        Writable::No(WHY.into())
    }

    fn expand(&self, _: &str) -> Vec<Key> {
        Vec::new()
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        Err(PlatformError {
            operation: "open for writing".into(),
            key: key.clone(),
            cause: WHY.into(),
            denied: false,
        })
    }
}
