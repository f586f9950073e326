//! What is seen of a machine besides its settings: who it is, its sockets, and which ports somebody listens on. The
//! only importer of sysinfo. Imports `setting` and `facts`.

#[cfg(target_os = "linux")]
mod counters;
#[cfg(target_os = "linux")]
#[path = "evidence/linux.rs"]
mod evidence;
#[cfg(windows)]
#[path = "evidence/windows.rs"]
mod evidence;
mod host;
#[cfg(target_os = "linux")]
mod listening;
#[cfg(target_os = "linux")]
#[path = "machine/linux.rs"]
mod machine;
#[cfg(windows)]
#[path = "machine/windows.rs"]
mod machine;
#[cfg(target_os = "linux")]
mod netns_cookie;
#[cfg(target_os = "linux")]
mod proc_net;
#[cfg(target_os = "linux")]
#[path = "process/linux/mod.rs"]
pub mod process;
#[cfg(target_os = "linux")]
mod sock_diag;
#[cfg(target_os = "linux")]
mod sockets;
#[cfg(target_os = "linux")]
mod tick;

pub use evidence::*;
pub use host::Wanted;
pub use host::host;
pub use host::identity;
pub use machine::OS;
