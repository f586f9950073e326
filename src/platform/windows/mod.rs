//! Windows: the registry, and `netsh` for the dynamic port ranges.

mod age;
mod folder;
mod hive;
mod security;

use crate::platform::registry::Registry;

pub use folder::program_data;
pub use hive::LocalMachine;
pub use security::create_private_folder;
pub use security::others_who_may_change;

/// The settings of this machine.
pub type Settings = Registry<LocalMachine>;
