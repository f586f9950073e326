//! A registry to try things on: in memory, or that of the machine where the tests are told that it is theirs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use twtune::facts::LiveState;
use twtune::platform::Platform;
use twtune::platform::registry::DynamicPort;
use twtune::platform::registry::Fault;
use twtune::platform::registry::Hive;
use twtune::platform::registry::OpenKey;
use twtune::platform::registry::Registry;
use twtune::setting::Key;
use twtune::setting::PortRange;
use twtune::setting::RegistryValue;

use crate::registry::machine;

/// A registry in memory.
#[derive(Default)]
pub(crate) struct Memory {
    values: RefCell<BTreeMap<(String, String), RegistryValue>>,
    ports: RefCell<BTreeMap<String, PortRange>>,
    /// The keys that nobody may write.
    pub(crate) read_only: RefCell<BTreeSet<String>>,
    /// The keys that are not there.
    pub(crate) missing: RefCell<BTreeSet<String>>,
}

const DENIED: &str = "permission denied";

impl Memory {
    fn of(&self, path: &str, name: &str) -> Option<RegistryValue> {
        self.values.borrow().get(&(path.to_owned(), name.to_owned())).cloned()
    }
}

impl Hive for Memory {
    fn read(&self, path: &str, name: &str) -> Result<Option<RegistryValue>, Fault> {
        Ok(self.of(path, name))
    }

    fn open(&self, path: &str) -> Result<Box<dyn OpenKey + '_>, Fault> {
        if self.missing.borrow().contains(path) {
            return Err(Fault { cause: format!(r"there is no key HKLM\{path}"), denied: false });
        }
        if self.read_only.borrow().contains(path) {
            return Err(Fault { cause: DENIED.into(), denied: true });
        }
        Ok(Box::new(MemoryKey { hive: self, path: path.to_owned() }))
    }

    fn newer_than_boot(&self, _path: &str) -> bool {
        false
    }

    fn ports(&self, of: &DynamicPort) -> Result<PortRange, Fault> {
        let untouched = PortRange { low: 49152, high: 65535 };
        Ok(self.ports.borrow().get(&of.show().concat()).copied().unwrap_or(untouched))
    }

    fn may_set_ports(&self) -> Result<(), Fault> {
        self.open(PARAMETERS).map(|_| ())
    }

    fn set_ports(&self, of: &DynamicPort, range: PortRange) -> Result<(), Fault> {
        self.ports.borrow_mut().insert(of.show().concat(), range);
        Ok(())
    }
}

pub(crate) const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

struct MemoryKey<'a> {
    hive: &'a Memory,
    path: String,
}

impl OpenKey for MemoryKey<'_> {
    fn read(&self, name: &str) -> Result<Option<RegistryValue>, Fault> {
        Ok(self.hive.of(&self.path, name))
    }

    fn write(&self, name: &str, value: Option<&RegistryValue>) -> Result<(), Fault> {
        let place = (self.path.clone(), name.to_owned());
        match value {
            Some(value) => self.hive.values.borrow_mut().insert(place, value.clone()),
            None => self.hive.values.borrow_mut().remove(&place),
        };
        Ok(())
    }
}

const KEYS: [&str; 5] = [
    "tcpip.TcpTimedWaitDelay",
    "tcpip.KeepAliveTime",
    "tcpip.TcpMaxDataRetransmissions",
    "tcpip.MaxUserPort",
    "ipv4.dynamicport.udp",
];

pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

/// The settings that transactions are tried on. On a machine's own registry without the range: each look at it starts a
/// program.
pub(crate) fn keys() -> &'static [&'static str] {
    if std::env::var_os("TWTUNE_OWN_REGISTRY").is_some() { &KEYS[..4] } else { &KEYS }
}

/// A registry for one test: the machine's where the tests are told that it is theirs, else one in memory.
pub(crate) fn registry() -> Box<dyn Platform> {
    machine::own().unwrap_or_else(|| Box::new(Registry::new(Memory::default())))
}

/// The values of [`keys`]; None is absent.
pub(crate) fn values(platform: &dyn Platform) -> BTreeMap<Key, Option<String>> {
    let read = |name: &&str| match platform.read(&key(name)) {
        LiveState::Present(value) => (key(name), Some(value)),
        LiveState::Absent => (key(name), None),
        LiveState::Unreadable(why) | LiveState::Unknown(why) => panic!("{name}: {why}"),
    };
    keys().iter().map(read).collect()
}

/// Sets a value past every transaction; None takes it away.
pub(crate) fn set(platform: &dyn Platform, name: &str, value: Option<&str>) {
    let mut target = platform.open(&key(name)).expect("it may be written");
    target.write(value).expect("it is taken");
}
