//! `twtune confirm`

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::place;
use crate::cli::system;
use crate::cli::watch::settle_overdue;
use crate::observe;
use crate::observe::Wanted;
use crate::platform::stored::BootFolder;
use crate::render::human;
use crate::render::json;
use crate::transaction;
use crate::transaction::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    state: StateArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    settle_overdue(&args.state);
    let kept = match Store::open(&args.state.state_dir)? {
        Some(store) => {
            let root = system::own_root()?;
            let version = observe::host(Wanted::default(), true).version;
            let folder = root.as_ref().map(|root| (root as &dyn BootFolder, version));
            transaction::confirm(&store, &place::here()?, folder, &Context::say)?
        }
        None => Vec::new(),
    };
    if kept.is_empty() {
        return Err(CliError::refused("no apply waits to be confirmed")
            .hint("`twtune history` tells what became of it"));
    }
    for id in &kept {
        system::stop_timer(id, &args.state.state_dir);
    }
    let reported = Context::report(|out| match context.format {
        Format::Human => human::confirm(out, &kept),
        Format::Json => json::confirm(out, &kept),
    });
    Ok(Context::finish(reported, 0))
}
