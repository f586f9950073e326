//! The registry: its values as texts, rules held against them, what a platform promises, and transactions over it.
//! In memory unless the tests are told that the machine's own registry is theirs, as `wine/` tells them.

mod concerns;
mod contract;
mod descriptor;
mod hive;
mod judgement;
#[cfg(not(windows))]
#[path = "machine/elsewhere.rs"]
mod machine;
#[cfg(windows)]
#[path = "machine/windows.rs"]
mod machine;
mod ports;
#[cfg(not(target_os = "linux"))]
#[path = "procfs/elsewhere.rs"]
mod procfs;
#[cfg(target_os = "linux")]
#[path = "procfs/linux.rs"]
mod procfs;
mod transaction;
mod value;
