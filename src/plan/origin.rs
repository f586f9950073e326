//! Where a plan or a record was written: live values mean something only there. A wire type.

use serde::Deserialize;
use serde::Serialize;

use crate::facts::Identity;

/// Where a plan or a record was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The host's name, for people.
    pub host: String,
    /// A hash of the machine's id.
    pub machine_id: Option<String>,
    /// The id of the boot.
    pub boot_id: Option<String>,
    /// The network namespace's cookie or inode.
    pub netns: Option<String>,
    /// How the namespace was entered, where another than the caller's was.
    pub entered: Option<Namespace>,
}

/// How a network namespace was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Namespace {
    /// By a name or path.
    Netns(String),
    /// By a process in it.
    Pid(u32),
}

impl Origin {
    /// Whether it speaks of the same running kernel and network namespace.
    #[must_use]
    pub fn is_here(&self, identity: &Identity) -> bool {
        self.same_machine(identity) && self.same_boot(identity) && self.netns == identity.netns
    }

    /// Whether it is the same machine, as far as that can be told: its id may be missing or kept from this process.
    #[must_use]
    pub fn same_machine(&self, identity: &Identity) -> bool {
        match (&self.machine_id, &identity.machine_id) {
            (Some(there), Some(here)) => there == here,
            _ => true,
        }
    }

    /// Whether the machine was not rebooted since.
    #[must_use]
    pub fn same_boot(&self, identity: &Identity) -> bool {
        self.boot_id == identity.boot_id
    }
}
