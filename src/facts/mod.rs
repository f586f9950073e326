//! What is known of a machine, as plain data: who it is, what its settings say, and what the next boot will make of
//! them. Pure; imports `setting`.

pub mod boot;
mod host;
mod snapshot;

pub use crate::setting::Os;
pub use boot::Assigned;
pub use boot::Boot;
pub use boot::BootReading;
pub use boot::BootState;
pub use boot::BootValue;
pub use boot::FileLine;
pub use boot::Loader;
pub use host::BootLoader;
pub use host::Host;
pub use host::Identity;
pub use snapshot::LiveReading;
pub use snapshot::LiveState;
pub use snapshot::Snapshot;
pub use snapshot::Writable;
