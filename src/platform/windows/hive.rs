//! The registry of this machine, and `netsh`.

use std::os::windows::process::CommandExt;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use windows_registry::Key;
use windows_registry::LOCAL_MACHINE;
use windows_registry::Type;
use windows_registry::Value;

use crate::platform::registry::DynamicPort;
use crate::platform::registry::Fault;
use crate::platform::registry::Hive;
use crate::platform::registry::OpenKey;
use crate::platform::windows::age;
use crate::platform::windows::folder;
use crate::setting::PortRange;
use crate::setting::RegistryValue;

/// `ERROR_FILE_NOT_FOUND` and `ERROR_ACCESS_DENIED`, as an HRESULT has them.
const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();
const DENIED: i32 = 0x8007_0005_u32.cast_signed();

/// `KEY_QUERY_VALUE` and `KEY_SET_VALUE`: nothing else is needed, so nothing else is asked for.
const QUERY: u32 = 1;
const QUERY_AND_SET: u32 = 3;

/// `CREATE_NO_WINDOW`: a console of its own would flash up where we have none.
const NO_WINDOW: u32 = 0x0800_0000;

/// How often `netsh` is started once more where it did not start.
const STARTS: usize = 5;

/// Whoever may write these may set the port ranges: both take an administrator.
const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

/// `HKEY_LOCAL_MACHINE`.
#[derive(Debug)]
pub struct LocalMachine;

impl Hive for LocalMachine {
    fn read(&self, path: &str, name: &str) -> Result<Option<RegistryValue>, Fault> {
        open(path, QUERY)?.map_or(Ok(None), |key| value(&key, name))
    }

    fn open(&self, path: &str) -> Result<Box<dyn OpenKey + '_>, Fault> {
        match open(path, QUERY_AND_SET)? {
            Some(key) => Ok(Box::new(LocalKey(key))),
            None => Err(failed(format!(r"there is no key HKLM\{path}, and twtune makes values and no keys"))),
        }
    }

    fn newer_than_boot(&self, path: &str) -> bool {
        open(path, QUERY).is_ok_and(|key| key.is_some_and(|key| age::newer_than_boot(&key)))
    }

    fn ports(&self, of: &DynamicPort) -> Result<PortRange, Fault> {
        let output = netsh(&of.show())?;
        let wrong = || failed(format!("netsh printed no range: {}", first_line(&output)));
        DynamicPort::parse(&output).ok_or_else(wrong)
    }

    fn may_set_ports(&self) -> Result<(), Fault> {
        self.open(PARAMETERS).map(|_| ())
    }

    fn set_ports(&self, of: &DynamicPort, range: PortRange) -> Result<(), Fault> {
        netsh(&of.set(range)).map(|_| ())
    }
}

struct LocalKey(Key);

impl OpenKey for LocalKey {
    fn read(&self, name: &str) -> Result<Option<RegistryValue>, Fault> {
        value(&self.0, name)
    }

    fn write(&self, name: &str, value: Option<&RegistryValue>) -> Result<(), Fault> {
        match value {
            Some(value) => {
                // Nothing as well has to lie at an address that can be read: that of an empty vector is none.
                let bytes = if value.bytes.is_empty() { &[0][..0] } else { &value.bytes[..] };
                found(self.0.set_bytes(name, Type::from(value.type_number), bytes))?
                    .ok_or_else(|| failed("its key is gone".into()))
            }
            None => found(self.0.remove_value(name)).map(|_| ()),
        }
    }
}

fn open(path: &str, access: u32) -> Result<Option<Key>, Fault> {
    found(LOCAL_MACHINE.options().access(access).wow64_64().open(path))
}

fn value(key: &Key, name: &str) -> Result<Option<RegistryValue>, Fault> {
    let of = |value: Value| RegistryValue { type_number: value.ty().into(), bytes: value.to_vec() };
    Ok(found(key.get_value(name))?.map(of))
}

/// What Windows answers; None where what was asked for is not there.
fn found<T>(answer: windows_registry::Result<T>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code().0 == NOT_FOUND => Ok(None),
        Err(error) if error.code().0 == DENIED => {
            Err(Fault { cause: "permission denied".into(), denied: true })
        }
        Err(error) => Err(failed(error.message())),
    }
}

const fn failed(cause: String) -> Fault {
    Fault { cause, denied: false }
}

/// Runs `netsh` of the system's folder, wherever the search path leads, and without a shell.
fn netsh(arguments: &[String]) -> Result<Vec<u8>, Fault> {
    let folder = folder::system().map_err(|error| failed(format!("the system's folder: {error}")))?;
    let mut command = Command::new(folder.join("netsh.exe"));
    command.args(arguments).stdin(Stdio::null()).creation_flags(NO_WINDOW);
    let mut answer = command.output();
    // What did not start has done nothing, and may start in a moment.
    for _ in 0..STARTS {
        if answer.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        answer = command.output();
    }
    let output = answer.map_err(|error| failed(format!("netsh does not start: {error}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told = [output.stdout, output.stderr].concat();
    Err(failed(format!("netsh says: {} ({})", first_line(&told), output.status)))
}

fn first_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing").to_owned()
}
