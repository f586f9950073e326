//! The kernel's files are Linux's.

use twtune::platform::Platform;
use twtune::setting::Key;

pub(crate) fn with(_key: &Key, _value: &str) -> Option<Box<dyn Platform>> {
    None
}
