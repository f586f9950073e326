//! The tests that see the whole program: what it does on a real kernel, and how its source is laid out.
// Tests write files and end processes freely; the list is for what runs on a user's machine.
#![allow(clippy::disallowed_methods)]
#![allow(missing_docs)]

mod architecture;
#[cfg(target_os = "linux")]
mod catalogue;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod sandbox;
