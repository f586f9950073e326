//! Linux: sysctls below `/proc/sys`, the files that set them at boot, and network namespaces.

mod boot;
pub mod netns;
mod passage;
mod procfs;
mod replace;
mod root;

pub use boot::boot_files;
pub use boot::boot_loader;
pub use boot::boot_modules;
pub use passage::Passage;
pub use passage::hand_out;
pub use passage::through;
pub use procfs::Procfs;
pub use root::Root;
