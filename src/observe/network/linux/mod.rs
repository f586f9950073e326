//! What Linux tells of a network namespace: its sockets by netlink (`sock_diag(7)`), its counters, who holds what.

mod counters;
mod proc_net;
mod silence;
mod sock_diag;
mod sockets;
mod tick;
mod window;

pub use counters::counters;
pub(super) use proc_net::visit_table;
pub use silence::silence;
pub use sock_diag::Extra;
pub use sock_diag::Progress;
pub use sock_diag::decode_datagram;
pub(super) use sock_diag::listening_ports;
pub use sockets::Look;
pub use sockets::each_socket;
pub use sockets::sockets;
pub use sockets::sockets_from_proc;
pub use tick::tick;
pub(super) use window::OWN;
pub use window::Window;
