//! What Linux tells of processes: who holds a socket, and how the program set it up.

mod bind_no_port;
mod cgroup;
mod owner;
mod processes;
mod socket_options;

pub use owner::owners;
pub(in crate::observe) use processes::Processes;
pub use socket_options::OptionsLook;
pub use socket_options::socket_options;
