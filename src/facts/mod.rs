//! What is known of a machine, as plain data: who it is, what its settings say, what the next boot will make of
//! them, and what its sockets do. Pure; imports `setting`.

pub mod boot;
mod evidence;
mod host;
mod owners;
mod process;
mod snapshot;
mod socket;
mod sockets;

pub use crate::setting::Os;
pub use boot::Assigned;
pub use boot::Boot;
pub use boot::BootReading;
pub use boot::BootState;
pub use boot::BootValue;
pub use boot::FileLine;
pub use boot::Loader;
pub use evidence::Counters;
pub use evidence::Evidence;
pub use evidence::Owner;
pub use host::BootLoader;
pub use host::Host;
pub use host::Identity;
pub use owners::Holding;
pub use owners::Owners;
pub use owners::SocketOptions;
pub use process::Process;
pub use process::Unit;
pub use snapshot::LiveReading;
pub use snapshot::LiveState;
pub use snapshot::Snapshot;
pub use snapshot::Writable;
pub use socket::Address;
pub use socket::Counts;
pub use socket::Endpoint;
pub use socket::Socket;
pub use socket::State;
pub use sockets::Destination;
pub use sockets::Family;
pub use sockets::Held;
pub use sockets::Listener;
pub use sockets::Of;
pub use sockets::Sockets;
pub use sockets::Wait;
