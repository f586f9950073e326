//! `twtune history`

use std::path::Path;
use std::path::PathBuf;

use crate::cli::assume::Assumed;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::place;
use crate::cli::system;
use crate::cli::watch::settle_and_warn;
use crate::facts::Identity;
use crate::render::human;
use crate::render::json;
use crate::transaction;
use crate::transaction::Entry;
use crate::transaction::Store;
use crate::transaction::StoreError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    state: StateArgs,
    /// An image or chroot instead of this machine; its history lies in its own /var/lib/twtune
    #[arg(long, value_name = "DIR", conflicts_with = "state_dir")]
    root: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let (entries, damaged) = if let Some(folder) = &args.root {
        let image = place::image(folder, Assumed::default())?;
        entries(&image.state(&args.state)?, &image.identity()?)?
    } else {
        settle_and_warn(&args.state);
        entries(&args.state.state_dir, &place::here()?)?
    };
    let reasons: Vec<String> = damaged.iter().map(StoreError::to_string).collect();
    Context::report(|out| match context.format {
        // Where all are damaged, that is what there is to say.
        Format::Human if entries.is_empty() && !damaged.is_empty() => Ok(()),
        Format::Human => human::history(out, &entries),
        Format::Json => json::history(out, &entries, &reasons),
    })?;
    // The others are told all the same.
    let mut code = 0;
    for error in damaged {
        let CliError { kind, message, hints, .. } = error.into();
        Context::say(&format!("error: {message}"));
        for hint in hints {
            Context::say(&format!("hint: {hint}"));
        }
        code = kind.exit_code();
    }
    Ok(code)
}

fn entries(state: &Path, here: &Identity) -> Result<(Vec<Entry>, Vec<StoreError>), CliError> {
    match Store::open(state)? {
        None => Ok((Vec::new(), Vec::new())),
        Some(store) => {
            let (mut entries, damaged) = transaction::readable_history(&store, here)?;
            for entry in
                entries.iter_mut().filter(|entry| entry.in_force && !entry.record.origin.is_here(here))
            {
                entry.namespace_gone = !system::is_there(&entry.record.origin);
                entry.in_force = !entry.namespace_gone;
            }
            Ok((entries, damaged))
        }
    }
}
