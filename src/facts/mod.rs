//! What is known of a machine, as plain data: who it is and what its settings say. Pure; imports `setting`.

mod host;
mod snapshot;

pub use host::BootLoader;
pub use host::Host;
pub use host::Identity;
pub use host::Os;
pub use snapshot::LiveReading;
pub use snapshot::LiveState;
pub use snapshot::Snapshot;
pub use snapshot::Writable;
