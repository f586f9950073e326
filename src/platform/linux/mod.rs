//! Linux: sysctls below `/proc/sys`, the files that set them at boot, and network namespaces.

mod boot;
pub mod netns;
mod procfs;
mod replace;
mod root;

pub use boot::boot_files;
pub use boot::boot_loader;
pub use boot::boot_modules;
pub use procfs::Procfs;
pub use root::Root;
