//! `twtune history`

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::place;
use crate::cli::system;
use crate::cli::watch::settle_and_warn;
use crate::render::human;
use crate::render::json;
use crate::transaction;
use crate::transaction::Entry;
use crate::transaction::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    state: StateArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    settle_and_warn(&args.state);
    let entries = entries(&args.state)?;
    Context::report(|out| match context.format {
        Format::Human => human::history(out, &entries),
        Format::Json => json::history(out, &entries),
    })?;
    Ok(0)
}

fn entries(state: &StateArgs) -> Result<Vec<Entry>, CliError> {
    match Store::open(&state.state_dir)? {
        None => Ok(Vec::new()),
        Some(store) => {
            let here = place::here()?;
            let mut entries = transaction::history(&store, &here)?;
            for entry in
                entries.iter_mut().filter(|entry| entry.in_force && !entry.record.origin.is_here(&here))
            {
                entry.namespace_gone = !system::is_there(&entry.record.origin);
                entry.in_force = !entry.namespace_gone;
            }
            Ok(entries)
        }
    }
}
