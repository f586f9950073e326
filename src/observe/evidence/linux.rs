//! What is seen of Linux besides who it is; `evidence/windows.rs` has what is seen of Windows.

pub use crate::observe::counters::counters;
pub use crate::observe::counters::counters_from_proc;
pub use crate::observe::listening::listening;
pub use crate::observe::sock_diag::Extra;
pub use crate::observe::sock_diag::Progress;
pub use crate::observe::sock_diag::decode_datagram;
pub use crate::observe::sockets::Look;
pub use crate::observe::sockets::each_socket;
pub use crate::observe::sockets::sockets;
pub use crate::observe::sockets::sockets_from_proc;
pub use crate::observe::tick::tick;
