//! There is no registry here.

use twtune::platform::Platform;

pub(crate) fn own() -> Option<Box<dyn Platform>> {
    None
}
