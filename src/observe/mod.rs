//! What is seen of a machine besides its settings: who it is, its sockets, and which ports somebody listens on. The
//! only importer of sysinfo. Imports `setting` and `facts`.

mod counters;
mod host;
mod listening;
mod netns_cookie;
mod proc_net;
mod sock_diag;
mod sockets;
mod tick;

pub use counters::counters;
pub use counters::counters_from_proc;
pub use host::Wanted;
pub use host::host;
pub use host::identity;
pub use listening::listening;
pub use sock_diag::Extra;
pub use sock_diag::Progress;
pub use sock_diag::decode_datagram;
pub use sockets::Look;
pub use sockets::sockets;
pub use sockets::sockets_from_proc;
pub use tick::tick;
