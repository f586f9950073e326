//! The host in a report.

use serde::Serialize;

use crate::facts::Host;

#[derive(Serialize)]
pub(super) struct HostReport {
    name: String,
    os: String,
    kernel: String,
    machine_id: Option<String>,
    boot_id: Option<String>,
    boot_loader: String,
    memory_bytes: Option<u64>,
    processors: Option<u32>,
    netns: Option<String>,
}

impl HostReport {
    pub(super) fn of(host: &Host) -> Self {
        let identity = host.identity.clone();
        let (machine_id, boot_id, netns) =
            identity.map_or((None, None, None), |of| (of.machine_id, of.boot_id, of.netns));
        Self {
            name: host.name.clone(),
            os: host.os.to_string(),
            kernel: host.kernel.clone(),
            machine_id,
            boot_id,
            boot_loader: host.boot_loader.to_string(),
            memory_bytes: host.memory,
            processors: host.processors,
            netns,
        }
    }
}
