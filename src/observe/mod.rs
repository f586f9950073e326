//! What is seen of a machine besides its settings: who it is, its sockets, and which ports somebody listens on. The
//! only importer of sysinfo. Imports `setting` and `facts`.

mod host;
#[cfg(target_os = "linux")]
#[path = "listening/linux.rs"]
mod listening;
#[cfg(windows)]
#[path = "listening/windows.rs"]
mod listening;
#[cfg(target_os = "linux")]
#[path = "machine/linux.rs"]
mod machine;
#[cfg(windows)]
#[path = "machine/windows.rs"]
mod machine;
#[cfg(target_os = "linux")]
#[path = "namespace/linux/mod.rs"]
pub mod namespace;
#[cfg(target_os = "linux")]
mod netns_cookie;
#[cfg(target_os = "linux")]
#[path = "network/linux/mod.rs"]
pub mod network;
#[cfg(target_os = "linux")]
#[path = "process/linux/mod.rs"]
pub mod process;

pub use host::Wanted;
pub use host::hashed;
pub use host::host;
pub use host::identity;
pub use listening::listening;
pub use machine::OS;
pub use machine::netns;
