//! Findings to the changes that would meet them: which, in what order, and what cannot be done. A dry run is a
//! plan that is not handed on. Pure; imports `setting`, `facts`, `profile` and `advise`.

mod boot;
mod change;
mod checksum;
mod draw;
mod drop_in;
mod lines;
mod order;
mod origin;
mod ports;
mod saved;
mod win;

pub use boot::BootPlace;
pub use boot::checksums;
pub use boot::draw_boot;
pub use change::Change;
pub use change::Edit;
pub use change::Obstacle;
pub use change::Plan;
pub use change::Refusal;
pub use change::Target;
pub use checksum::checksum;
pub use draw::concerned;
pub use draw::draw;
pub use draw::refused_by;
pub use drop_in::DROP_IN;
pub use drop_in::DropIn;
pub use drop_in::DropInLine;
pub use drop_in::may_be_taken_over;
pub use lines::BootLine;
pub use lines::boot_lines;
pub use origin::Namespace;
pub use origin::Origin;
pub use ports::RESERVED;
pub use ports::range_to_change;
pub use saved::SavedPlan;
pub use win::NextBoot;
