//! The running kernel is asked whether the catalogue is right.
//!
//! What writes runs in `tests/sandbox.sh`: each test of [`inside`] starts itself a second time in there, and does its
//! work nowhere else.

mod inside;

/// Whether this is the sandbox; see [`crate::sandbox::in_sandbox`].
fn in_sandbox(test: &str) -> bool {
    crate::sandbox::in_sandbox(&format!("catalogue::kernel::inside::{test}"))
}
