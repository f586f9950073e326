//! Settings as Windows keeps them: values of the registry with their types, and the dynamic port ranges. What does
//! the reading and writing is a [`Hive`], so that everything but that is tested on every system.

mod dynamic_port;

use crate::facts::LiveState;
use crate::facts::Writable;
use crate::platform::Platform;
use crate::platform::PlatformError;
use crate::platform::Target;
use crate::setting::Key;
use crate::setting::PortRange;
use crate::setting::RegistryValue;
use crate::setting::registry_path;

pub use dynamic_port::DynamicPort;

/// No value that a setting could have is larger, whatever somebody has put there.
const LARGEST: usize = 64 << 10;

/// What keeps the values.
pub trait Hive {
    /// A value below `HKEY_LOCAL_MACHINE`; None where it, or its key, is not there.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn read(&self, path: &str, name: &str) -> Result<Option<RegistryValue>, Fault>;

    /// Opens a key for reading and writing.
    ///
    /// # Errors
    /// It is not there or may not be written.
    fn open(&self, path: &str) -> Result<Box<dyn OpenKey + '_>, Fault>;

    /// Whether the key may have been written since the last boot.
    fn newer_than_boot(&self, path: &str) -> bool;

    /// A dynamic port range.
    ///
    /// # Errors
    /// It cannot be read.
    fn ports(&self, of: &DynamicPort) -> Result<PortRange, Fault>;

    /// Whether this user may set the dynamic port ranges.
    ///
    /// # Errors
    /// They may not.
    fn may_set_ports(&self) -> Result<(), Fault>;

    /// Sets a dynamic port range.
    ///
    /// # Errors
    /// It was refused.
    fn set_ports(&self, of: &DynamicPort, range: PortRange) -> Result<(), Fault>;
}

/// A key that was opened to be written.
pub trait OpenKey {
    /// A value; None where it is not there.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn read(&self, name: &str) -> Result<Option<RegistryValue>, Fault>;

    /// Writes a value with its type, or deletes it.
    ///
    /// # Errors
    /// It was refused.
    fn write(&self, name: &str, value: Option<&RegistryValue>) -> Result<(), Fault>;
}

/// What a hive could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it said.
    pub cause: String,
    /// Whether it is this user who may not.
    pub denied: bool,
}

/// The settings of a hive.
#[derive(Debug)]
pub struct Registry<H> {
    hive: H,
}

/// Where a setting is kept.
enum Place {
    Value { path: &'static str, name: String },
    Ports(DynamicPort),
}

impl Place {
    fn of(key: &Key) -> Option<Self> {
        let value = registry_path(key).map(|(path, name)| Self::Value { path, name });
        value.or_else(|| DynamicPort::of(key).map(Self::Ports))
    }
}

impl<H: Hive> Registry<H> {
    /// The settings that this hive keeps.
    pub const fn new(hive: H) -> Self {
        Self { hive }
    }

    /// Windows has one set of settings.
    #[must_use]
    pub const fn is_initial(&self) -> bool {
        true
    }

    /// Opens what is behind the key, so that nothing that can be known stands in the way of a write any more.
    fn open_place(&self, key: &Key) -> Result<Opened<'_>, Fault> {
        match Place::of(key) {
            Some(Place::Value { path, name }) => {
                let open = self.hive.open(path)?;
                size_of(open.read(&name)?.as_ref())?;
                Ok(Opened::Value { key: open, name })
            }
            Some(Place::Ports(of)) => {
                self.hive.may_set_ports()?;
                Ok(Opened::Ports { hive: &self.hive, of })
            }
            None => Err(Fault { cause: "Windows does not have it".into(), denied: false }),
        }
    }
}

impl<H: Hive> Platform for Registry<H> {
    fn read(&self, key: &Key) -> LiveState {
        let found = match Place::of(key) {
            Some(Place::Value { path, name }) => {
                self.hive.read(path, &name).and_then(|value| size_of(value.as_ref()).map(|()| text(value)))
            }
            Some(Place::Ports(of)) => self.hive.ports(&of).map(|range| Some(range.to_string())),
            None => Ok(None),
        };
        match found {
            Ok(Some(value)) => LiveState::Present(value),
            Ok(None) => LiveState::Absent,
            Err(fault) => LiveState::Unreadable(fault.cause),
        }
    }

    fn writable(&self, key: &Key) -> Writable {
        self.open_place(key).map_or_else(|fault| Writable::No(fault.cause), |_| Writable::Yes)
    }

    fn newer_than_boot(&self, key: &Key) -> bool {
        registry_path(key).is_some_and(|(path, _)| self.hive.newer_than_boot(path))
    }

    fn expand(&self, _pattern: &str) -> Vec<Key> {
        // No setting of Windows changes others besides.
        Vec::new()
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        let place = self.open_place(key).map_err(|fault| error("open for writing", key, fault))?;
        Ok(Box::new(RegistryTarget { key: key.clone(), place }))
    }
}

enum Opened<'a> {
    Value { key: Box<dyn OpenKey + 'a>, name: String },
    Ports { hive: &'a dyn Hive, of: DynamicPort },
}

struct RegistryTarget<'a> {
    key: Key,
    place: Opened<'a>,
}

impl Target for RegistryTarget<'_> {
    fn write(&mut self, value: Option<&str>) -> Result<(), PlatformError> {
        let written = match (&self.place, value) {
            (Opened::Value { key, name }, None) => key.write(name, None),
            (Opened::Value { key, name }, Some(text)) => match RegistryValue::parse(text) {
                Some(value) => key.write(name, Some(&value)),
                None => Err(Fault { cause: "it is no value of the registry".into(), denied: false }),
            },
            (Opened::Ports { hive, of }, Some(text)) => match DynamicPort::range(text) {
                Some(range) => hive.set_ports(of, range),
                None => Err(Fault { cause: "it is no range of ports".into(), denied: false }),
            },
            (Opened::Ports { .. }, None) => {
                Err(Fault { cause: "a range of ports cannot be removed".into(), denied: false })
            }
        };
        let operation = || value.map_or_else(|| "remove".into(), |value| format!("write `{value}` to"));
        written.map_err(|fault| error(&operation(), &self.key, fault))
    }

    fn read(&mut self) -> Result<Option<String>, PlatformError> {
        let found = match &self.place {
            Opened::Value { key, name } => key.read(name).map(text),
            Opened::Ports { hive, of } => hive.ports(of).map(|range| Some(range.to_string())),
        };
        found.map_err(|fault| error("read", &self.key, fault))
    }
}

fn text(value: Option<RegistryValue>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// A value that could not be kept in a rollback file is left alone.
fn size_of(value: Option<&RegistryValue>) -> Result<(), Fault> {
    match value.map(|value| value.bytes.len()) {
        Some(size) if size > LARGEST => {
            Err(Fault { cause: format!("it holds {size} bytes, more than any setting has"), denied: false })
        }
        _ => Ok(()),
    }
}

fn error(operation: &str, key: &Key, fault: Fault) -> PlatformError {
    PlatformError { operation: operation.into(), key: key.clone(), cause: fault.cause, denied: fault.denied }
}
