//! The `twtune` program; everything is in the library.

use std::process::ExitCode;

/// The exit code of a bug in twtune.
const BUG: u8 = 70;

fn main() -> ExitCode {
    std::panic::catch_unwind(twtune::cli::run).unwrap_or_else(|_| {
        eprintln!("this is a bug in twtune; please report it with the message above");
        ExitCode::from(BUG)
    })
}
