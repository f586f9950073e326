//! A platform in memory: the stand-in of tests, with faults on demand.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;

use crate::facts::BootLoader;
use crate::facts::LiveState;
use crate::facts::Loader;
use crate::facts::Writable;
use crate::facts::boot::BootFiles;
use crate::platform::Platform;
use crate::platform::PlatformError;
use crate::platform::Target;
use crate::platform::stored::BootFolder;
use crate::platform::stored::FileError;
use crate::platform::stored::StoredFile;
use crate::setting::Key;
use crate::setting::canonical;

/// What is set besides: settings and their values.
type Besides = Vec<(Key, String)>;

/// Settings in memory.
#[derive(Debug, Default)]
pub struct Memory {
    /// The values.
    pub values: RefCell<BTreeMap<Key, String>>,
    /// The settings that may not be written.
    pub read_only: RefCell<BTreeSet<Key>>,
    /// The settings that cannot be read.
    pub unreadable: RefCell<BTreeSet<Key>>,
    /// The writes, counted from 0 over the platform's life, that fail and change nothing.
    pub failing: RefCell<BTreeSet<usize>>,
    /// The writes that are taken without an error and change nothing.
    pub ignored: RefCell<BTreeSet<usize>>,
    /// What a write of a value sets besides.
    pub besides: RefCell<BTreeMap<(Key, String), Besides>>,
    /// The files that set values at boot.
    pub files: RefCell<BTreeMap<String, StoredFile>>,
    /// How many writes there were.
    pub writes: Cell<usize>,
}

impl Memory {
    /// A platform with these values.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = (Key, String)>) -> Self {
        Self { values: RefCell::new(values.into_iter().collect()), ..Self::default() }
    }
}

impl Platform for Memory {
    fn read(&self, key: &Key) -> LiveState {
        if self.unreadable.borrow().contains(key) {
            return LiveState::Unreadable("permission denied".into());
        }
        self.values.borrow().get(key).map_or(LiveState::Absent, |value| LiveState::Present(canonical(value)))
    }

    fn writable(&self, key: &Key) -> Writable {
        if self.values.borrow().contains_key(key) && !self.read_only.borrow().contains(key) {
            Writable::Yes
        } else {
            Writable::No("permission denied".into())
        }
    }

    fn expand(&self, pattern: &str) -> Vec<Key> {
        self.values.borrow().keys().filter(|key| key.matches(pattern)).cloned().collect()
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        if self.writable(key) == Writable::Yes {
            Ok(Box::new(MemoryTarget { key: key.clone(), memory: self }))
        } else {
            Err(error("open for writing", key, true))
        }
    }
}

impl BootFolder for Memory {
    fn boot_files(&self) -> (BootFiles, BootLoader) {
        let files = self.files.borrow();
        let add =
            |files: BootFiles, (path, file): (&String, &StoredFile)| files.with(path, file.content.clone());
        (files.iter().fold(BootFiles::default(), add), BootLoader::Is(Loader::SystemdSysctl))
    }

    fn read_file(&self, path: &str) -> Result<Option<StoredFile>, FileError> {
        Ok(self.files.borrow().get(path).cloned())
    }

    fn replace_file(&self, path: &str, file: Option<&StoredFile>) -> Result<(), FileError> {
        let number = self.writes.replace(self.writes.get() + 1);
        if self.failing.borrow().contains(&number) {
            let source = io::Error::other("refused");
            return Err(FileError { operation: "write", path: path.into(), source });
        }
        if !self.ignored.borrow().contains(&number) {
            let mut files = self.files.borrow_mut();
            match file {
                Some(file) => drop(files.insert(path.into(), file.clone())),
                None => drop(files.remove(path)),
            }
        }
        Ok(())
    }

    fn tidy(&self, _: &str) {}

    fn obstacle(&self, _: &str) -> Option<String> {
        None
    }
}

struct MemoryTarget<'a> {
    key: Key,
    memory: &'a Memory,
}

impl Target for MemoryTarget<'_> {
    fn write(&mut self, value: Option<&str>) -> Result<(), PlatformError> {
        let Some(value) = value else { return Err(error("remove", &self.key, false)) };
        let number = self.memory.writes.replace(self.memory.writes.get() + 1);
        if self.memory.failing.borrow().contains(&number) {
            return Err(error(&format!("write `{value}` to"), &self.key, false));
        }
        if !self.memory.ignored.borrow().contains(&number) {
            let mut values = self.memory.values.borrow_mut();
            values.insert(self.key.clone(), value.into());
            let besides = self.memory.besides.borrow();
            values.extend(besides.get(&(self.key.clone(), value.to_owned())).into_iter().flatten().cloned());
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<String>, PlatformError> {
        let values = self.memory.values.borrow();
        let value = values.get(&self.key).map(|value| canonical(value));
        value.map(Some).ok_or_else(|| error("read", &self.key, false))
    }
}

fn error(operation: &str, key: &Key, denied: bool) -> PlatformError {
    PlatformError { operation: operation.into(), key: key.clone(), cause: "refused".into(), denied }
}
