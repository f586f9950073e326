//! `twtune rollback`

use crate::cli::apply::origin;
use crate::cli::apply::outcome_code;
use crate::cli::apply::watch_signals;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::place;
use crate::cli::place::Place;
use crate::cli::survey::resolve_key;
use crate::observe;
use crate::observe::Wanted;
use crate::render::human;
use crate::render::json;
use crate::setting::Key;
use crate::transaction;
use crate::transaction::Choice;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Store;
use crate::transaction::Undo;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An id from the history, or a rollback file
    #[arg(value_name = "ID|FILE")]
    record: Option<String>,
    #[command(flatten)]
    state: StateArgs,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show what would be undone and undo nothing
    #[arg(long)]
    dry_run: bool,
    /// Undo this setting although somebody changed it since; may be repeated
    #[arg(long, value_name = "KEY")]
    force: Vec<String>,
    /// An image or chroot instead of this machine. Not there yet
    #[arg(long, value_name = "DIR")]
    root: Option<std::path::PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    if args.root.is_some() {
        return Err(CliError::usage("--root is not there yet: this version handles running systems only"));
    }
    let forced =
        args.force.iter().map(|name| resolve_key(name, "--force")).collect::<Result<Vec<Key>, _>>()?;
    let store = Store::open(&args.state.state_dir)?;
    let choice = transaction::choose(store.as_ref(), args.record.as_deref(), &observe::identity())?;
    let Some(choice) = choice else {
        let nothing = Done {
            id: None,
            undoes: None,
            outcome: Outcome::Unchanged,
            rollback_file: None,
            steps: Vec::new(),
            failure: None,
        };
        return Ok(context.finish(report(context, &nothing, false), 0));
    };
    let store = match store {
        Some(store) => store,
        None => Store::create(&args.state.state_dir)?,
    };
    let place = open_place(&choice)?;
    let here = observe::identity();
    let host = observe::host(Wanted::default(), place.platform.is_initial());
    let undo = Undo {
        choice: &choice,
        origin: origin(&host, &here, &place),
        here,
        time: Context::now(),
        forced: &forced,
    };
    if args.dry_run || !args.yes {
        if !args.dry_run && !Context::can_ask() {
            return Err(
                CliError::usage("there is no terminal to ask on").hint("`--yes` rolls back without asking")
            );
        }
        let preview = transaction::preview(&store, &undo, &place.platform)?;
        let reported = report(context, &preview, true);
        let refused = preview.outcome == Outcome::Refused;
        if args.dry_run || refused {
            return Ok(context.finish(reported, outcome_code(&preview)));
        }
        if !Context::ask("Undo these changes?") {
            return Ok(ErrorKind::Refused.exit_code());
        }
    }
    let done = transaction::rollback(&store, &undo, &place.platform, &watch_signals(), &Context::say)?;
    Ok(context.finish(report(context, &done, false), outcome_code(&done)))
}

/// Live values mean something only in the network namespace that they were written in.
fn open_place(choice: &Choice) -> Result<Place, CliError> {
    let origin = &choice.record.origin;
    let here = origin.is_here(&observe::identity());
    place::open(if here { None } else { origin.entered.clone() })
}

fn report(context: &Context, done: &Done, preview: bool) -> Result<(), CliError> {
    Context::report(|out| match context.format {
        Format::Human => human::outcome(out, Command::Rollback, done, &[], preview),
        Format::Json => json::outcome(out, Command::Rollback, done, &[]),
    })?;
    if done.outcome == Outcome::Refused {
        Context::say("hint: `--force KEY` undoes a setting although somebody else changed it");
    }
    Ok(())
}
