//! `twtune window`, which no person calls: goes into one's own rootless container, from which there is no way back, and
//! hands out on standard input what is to be seen of its network namespace.

use crate::cli::error::CliError;
use crate::cli::system;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A process of the container
    #[arg(value_name = "PID")]
    pid: u32,
}

pub(super) fn run(args: &Args) -> Result<u8, CliError> {
    system::hand_out(args.pid)?;
    Ok(0)
}
