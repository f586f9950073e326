//! Who this host is. Each fact costs a few system calls, so only what is wanted is looked up.

use std::io;

use sha2::Digest;
use sha2::Sha256;
use sysinfo::System;

use crate::facts::BootLoader;
use crate::facts::Host;
use crate::facts::Identity;
use crate::observe::machine;
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
    let (name, kernel) = machine::names();
    Host {
        name,
        os: machine::OS,
        version: Version::parse(&kernel),
        kernel,
        memory: wanted.memory.then(machine::memory).flatten(),
        processors: wanted.processors.then(processors).flatten(),
        initial,
        boot_loader: BootLoader::Unknown,
        identity: wanted.identity.then(identity).and_then(Result::ok),
    }
}

/// Which machine, boot and network namespace this is.
///
/// # Errors
/// It cannot be told which boot this is: every record of it would count as one of an earlier boot.
pub fn identity() -> io::Result<Identity> {
    Ok(Identity {
        machine_id: machine::machine_id().map(|id| hashed(&id)),
        boot_id: machine::boot_id()?,
        netns: machine::netns(),
    })
}

/// machine-id(5) asks that the id itself is not shown in untrusted places; a hash that only twtune makes tells
/// machines apart as well.
#[must_use]
pub fn hashed(id: &str) -> String {
    let digest = Sha256::new().chain_update(b"twtune machine id\0").chain_update(id).finalize();
    digest.first_chunk().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).unwrap_or_default()
}

fn processors() -> Option<u32> {
    let mut system = System::new().ok()?;
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    u32::try_from(system.cpus().len()).ok().filter(|count| *count > 0)
}
