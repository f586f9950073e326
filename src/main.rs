//! The `twtune` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("twtune: this is a bug in twtune, please report it: {panic}");
        std::process::exit(70);
    }));
    twtune::cli::run()
}
