//! The kernel's files below a folder of a test.

use std::fs;

use tempfile::TempDir;
use twtune::facts::LiveState;
use twtune::facts::Writable;
use twtune::platform::Platform;
use twtune::platform::PlatformError;
use twtune::platform::Target;
use twtune::platform::linux::Procfs;
use twtune::setting::Key;

/// Files that are there as long as this is.
struct Files {
    procfs: Procfs,
    _folder: TempDir,
}

/// A platform with this setting.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
pub(crate) fn with(key: &Key, value: &str) -> Option<Box<dyn Platform>> {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join(key.as_str().replace('.', "/"));
    fs::create_dir_all(file.parent().expect("a folder")).expect("mkdir");
    fs::write(&file, format!("{value}\n")).expect("write a file of the test");
    let procfs = Procfs::open(folder.path()).expect("it is there");
    Some(Box::new(Files { procfs, _folder: folder }))
}

impl Platform for Files {
    fn read(&self, key: &Key) -> LiveState {
        self.procfs.read(key)
    }

    fn writable(&self, key: &Key) -> Writable {
        self.procfs.writable(key)
    }

    fn expand(&self, pattern: &str) -> Vec<Key> {
        self.procfs.expand(pattern)
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        self.procfs.open(key)
    }
}
