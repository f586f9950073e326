//! The `twtune` program; everything is in the library.

use std::process::ExitCode;

/// The exit code of a bug in twtune.
const BUG: i32 = 70;

fn main() -> ExitCode {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        eprintln!("this is a bug in twtune; please report it with the message above");
        #[expect(
            clippy::disallowed_methods,
            reason = "no undo hides in a Drop: the rollback file is on disk"
        )]
        std::process::exit(BUG);
    }));
    twtune::cli::run()
}
