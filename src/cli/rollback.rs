//! `twtune rollback`

use crate::cli::apply::origin;
use crate::cli::apply::outcome_code;
use crate::cli::assume::Assumed;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::place;
use crate::cli::place::Place;
use crate::cli::survey::resolve_key;
use crate::cli::system;
use crate::cli::watch::settle_overdue;
use crate::facts::Identity;
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
use crate::transaction::Record;
use crate::transaction::StepResult;
use crate::transaction::Store;
use crate::transaction::TransactionError;
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
    /// Undo this setting although somebody changed it since, in a file of theirs its line alone; may be repeated
    #[arg(long, value_name = "KEY")]
    force: Vec<String>,
    /// An image or chroot instead of this machine; its history lies in its own /var/lib/twtune
    #[arg(long, value_name = "DIR")]
    root: Option<std::path::PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let image = args.root.as_deref().map(|folder| place::image(folder, Assumed::default())).transpose()?;
    if image.is_none() {
        settle_overdue(&args.state);
    }
    let state =
        image.as_ref().map_or_else(|| Ok(args.state.state_dir.clone()), |image| image.state(&args.state))?;
    let forced =
        args.force.iter().map(|name| resolve_key(name, "--force")).collect::<Result<Vec<Key>, _>>()?;
    let store = Store::open(&state)?;
    let (choice, place) = match find(store.as_ref(), args.record.as_deref(), image)? {
        Found::Nothing => {
            let nothing = Done::not_begun(Outcome::Unchanged);
            return Ok(Context::finish(report(context, &nothing, false), 0));
        }
        Found::Record(choice, place) => (choice, place),
        Found::Lost(record, error) => {
            let Some(store) = store.as_ref().filter(|_| args.yes && !args.dry_run) else {
                return Err(error.hint("`twtune rollback --yes` gives it up, for its namespace is gone"));
            };
            let done = transaction::give_up(store, &record, &Context::say)?;
            return Ok(Context::finish(report(context, &done, false), outcome_code(&done)));
        }
    };
    let store = match store {
        Some(store) => store,
        None => Store::create(&state)?,
    };
    let here = place.identity()?;
    let host = observe::host(Wanted::default(), place.initial);
    let undo = Undo {
        choice: &choice,
        origin: origin(&host, &here, &place),
        here,
        time: Context::now(),
        forced: &forced,
        unconfirmed: false,
        folder: place.folder(),
    };
    if args.dry_run || !args.yes {
        if !args.dry_run && !Context::can_ask() {
            return Err(
                CliError::usage("there is no terminal to ask on").hint("`--yes` rolls back without asking")
            );
        }
        let preview = transaction::preview(&store, &undo, &*place.platform)?;
        // For a program the one object is what was done; a preview goes before the question of a person.
        let reported = match (context.format, args.dry_run) {
            (Format::Json, false) => Ok(()),
            _ => report(context, &preview, true),
        };
        let refused = preview.outcome == Outcome::Refused;
        if args.dry_run || refused {
            return Ok(Context::finish(reported, outcome_code(&preview)));
        }
        if !Context::ask("Undo these changes?") {
            let declined = Done { outcome: Outcome::Refused, failure: Some("declined".into()), ..preview };
            return Ok(Context::finish(report(context, &declined, true), ErrorKind::Refused.exit_code()));
        }
    }
    let on_probation = || transaction::is_on_probation(&store, &choice.record.id);
    let was_on_probation = on_probation();
    let done =
        transaction::rollback(&store, &undo, &*place.platform, &system::watch_signals(), &Context::say)?;
    if was_on_probation && !on_probation() {
        system::stop_timer(&choice.record.id, &state);
    }
    Ok(Context::finish(report(context, &done, false), outcome_code(&done)))
}

/// What a rollback is about.
enum Found {
    Nothing,
    /// A record, and the place that it was written in.
    Record(Choice, Place),
    /// An interrupted record whose network namespace is gone.
    Lost(Record, CliError),
}

/// Finds the record to undo and enters its network namespace: live values mean something only there. Without a name,
/// an apply whose namespace is gone, or to which nothing leads, is passed over.
fn find(store: Option<&Store>, named: Option<&str>, image: Option<Place>) -> Result<Found, CliError> {
    if let Some(place) = image {
        let choice = transaction::choose(store, named, &place.identity()?, &[])?;
        return Ok(choice.map_or(Found::Nothing, |choice| Found::Record(choice, place)));
    }
    let here = place::here()?;
    let mut beyond_reach = Vec::new();
    loop {
        let Some(choice) = transaction::choose(store, named, &here, &beyond_reach)? else {
            return Ok(Found::Nothing);
        };
        let record = &choice.record;
        let elsewhere = if record.origin.is_here(&here) { None } else { record.origin.entered.clone() };
        let gone = match place::open(elsewhere.clone()) {
            Err(error) if elsewhere.is_some() && error.kind == ErrorKind::Refused => error,
            Err(error) => return Err(error),
            // Something else goes by its name now.
            Ok(_) if elsewhere.is_some() && !record.origin.is_here(&place::here()?) => {
                CliError::refused(format!("the network namespace of record {} is gone", record.id))
            }
            // Nothing leads to it.
            Ok(_) if named.is_none() && !choice.interrupted && is_elsewhere(record, &here) => {
                TransactionError::Elsewhere(record.id.clone()).into()
            }
            Ok(place) => return Ok(Found::Record(choice, place)),
        };
        if named.is_some() {
            return Err(gone);
        }
        if choice.interrupted {
            return Ok(Found::Lost(choice.record, gone));
        }
        Context::say(&format!("apply {} is passed over: {}", record.id, gone.message));
        beyond_reach.push(choice.record.id);
    }
}

/// Whether it was written in another network namespace, which its number alone names.
fn is_elsewhere(record: &Record, here: &Identity) -> bool {
    let origin = &record.origin;
    let is_known = origin.entered.is_some() || !origin.same_boot(here) || !origin.same_machine(here);
    !is_known && !origin.is_here(here)
}

fn report(context: &Context, done: &Done, preview: bool) -> Result<(), CliError> {
    Context::report(|out| match context.format {
        Format::Human => human::outcome(out, Command::Rollback, done, &[], preview, ""),
        Format::Json => json::outcome(out, Command::Rollback, done, &[], preview),
    })?;
    if done.steps.iter().any(|step| step.result == StepResult::Conflict) {
        Context::say("hint: `--force KEY` undoes a setting although somebody else changed it");
    }
    Ok(())
}
