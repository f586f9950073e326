//! What the next boot reads: the files that set values, as they lie on a disk, and the program that reads them.

mod files;
mod loader;
mod modules;

pub use files::boot_files;
pub use loader::boot_loader;
pub use modules::boot_modules;
