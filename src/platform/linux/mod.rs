//! Linux: sysctls below `/proc/sys`, and network namespaces.

pub mod netns;
mod procfs;

pub use procfs::Procfs;
