//! Who this host is. Each fact costs a few system calls, so only what is wanted is looked up.

use std::fs;

use sha2::Digest;
use sha2::Sha256;
use sysinfo::System;

use crate::facts::BootLoader;
use crate::facts::Host;
use crate::facts::Identity;
use crate::facts::Os;
use crate::observe::netns_cookie;
use crate::setting::Version;

/// The facts that cost something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// How much memory there is.
    pub memory: bool,
    /// How many processors there are.
    pub processors: bool,
    /// Which machine, boot and namespace it is.
    pub identity: bool,
}

/// Looks at the host. `initial` says whether this is the initial network namespace, which the platform knows.
#[must_use]
pub fn host(wanted: Wanted, initial: bool) -> Host {
    let uname = rustix::system::uname();
    let kernel = uname.release().to_string_lossy().into_owned();
    Host {
        name: uname.nodename().to_string_lossy().into_owned(),
        os: Os::Linux,
        version: Version::parse(&kernel),
        kernel,
        memory: wanted.memory.then(memory).flatten(),
        processors: wanted.processors.then(processors).flatten(),
        initial,
        boot_loader: BootLoader::Unknown,
        identity: wanted.identity.then(identity),
    }
}

/// Which machine, boot and network namespace this is.
#[must_use]
pub fn identity() -> Identity {
    let line = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let line = |path: &str| line(path).filter(|text| !text.is_empty());
    Identity {
        machine_id: line("/etc/machine-id").map(|id| hashed(&id)),
        boot_id: line("/proc/sys/kernel/random/boot_id"),
        netns: netns(),
    }
}

fn netns() -> Option<String> {
    let inode = || {
        let link = fs::read_link("/proc/thread-self/ns/net").ok()?;
        let text = link.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?.to_owned();
        Some(text)
    };
    netns_cookie::netns_cookie().map(|cookie| cookie.to_string()).or_else(inode)
}

/// machine-id(5) asks that the id itself is not shown in untrusted places; a hash that only twtune makes tells
/// machines apart as well.
fn hashed(id: &str) -> String {
    let digest = Sha256::new().chain_update(b"twtune machine id\0").chain_update(id).finalize();
    digest.first_chunk().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).unwrap_or_default()
}

/// One system call; sysinfo would read two files of /proc for it, and nearly every check asks.
fn memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    // Words as wide as the machine's: 32 bits on 32-bit kernels.
    #[allow(clippy::useless_conversion, reason = "the type differs by architecture")]
    let total = u64::try_from(info.totalram).ok()?;
    total.checked_mul(u64::from(info.mem_unit)).filter(|bytes| *bytes > 0)
}

fn processors() -> Option<u32> {
    let mut system = System::new().ok()?;
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    u32::try_from(system.cpus().len()).ok().filter(|count| *count > 0)
}
