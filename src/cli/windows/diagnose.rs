//! `twtune diagnose`, which Windows does not have yet.

use crate::cli::context::Context;
use crate::cli::error::CliError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_context: &Context, _args: &Args) -> Result<u8, CliError> {
    Err(CliError::usage("diagnose is not there yet on Windows")
        .hint("`netstat -anob` lists connections with their states and owners"))
}
