//! The running kernel is asked whether the catalogue is right.
//!
//! What writes runs in `tests/sandbox.sh`: each test of [`inside`] starts itself a second time in there, and does its
//! work nowhere else. In a guest of `tests/vm/run` the same tests run in the initial network namespace as well, and
//! hold the settings of the machine to the same laws.

mod inside;

/// Whether this is the sandbox; see [`crate::sandbox::in_sandbox`].
fn in_sandbox(test: &str) -> bool {
    crate::sandbox::in_sandbox(&format!("catalogue::kernel::inside::{test}"))
}
