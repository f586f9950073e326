//! What is seen of a machine besides its settings: who it is, and which ports somebody listens on. The only
//! importer of sysinfo. Imports `setting` and `facts`.

mod host;
mod listening;
mod netns_cookie;
mod sock_diag;

pub use host::Wanted;
pub use host::host;
pub use host::identity;
pub use listening::listening;
