//! What is seen of a machine besides its settings: who it is, its sockets, and which ports somebody listens on. The
//! only importer of sysinfo. Imports `setting` and `facts`.

mod counters;
mod host;
#[cfg(target_os = "linux")]
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
mod netns_cookie;
#[cfg(target_os = "linux")]
mod proc_net;
#[cfg(target_os = "linux")]
#[path = "process/linux/mod.rs"]
pub mod process;
#[cfg(target_os = "linux")]
mod sock_diag;
mod sockets;
mod tick;

pub use counters::counters;
pub use counters::counters_from_proc;
pub use host::Wanted;
pub use host::host;
pub use host::identity;
pub use listening::listening;
pub use machine::OS;
pub use sock_diag::Extra;
pub use sock_diag::Progress;
pub use sock_diag::decode_datagram;
pub use sockets::Look;
pub use sockets::sockets;
pub use sockets::sockets_from_proc;
pub use tick::tick;
