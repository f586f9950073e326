//! What the next boot sets: the rules of both loaders, and the loaders themselves.

#[cfg(target_os = "linux")]
mod exact;
#[cfg(target_os = "linux")]
mod loaders;
#[cfg(target_os = "linux")]
mod random;
mod traps;
