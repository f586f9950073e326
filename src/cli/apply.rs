//! `twtune apply`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::document::select_profiles;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::error::ROOT;
use crate::cli::place::Place;
use crate::cli::place::PlaceArgs;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::survey;
use crate::facts::Host;
use crate::facts::Identity;
use crate::observe;
use crate::plan::Obstacle;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::render::PlanView;
use crate::render::Subject;
use crate::render::human;
use crate::render::json;
use crate::transaction;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Origin;
use crate::transaction::Outcome;
use crate::transaction::Request;
use crate::transaction::Store;
use crate::transaction::TransactionError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    state: StateArgs,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show the changes and make none; the same as plan
    #[arg(long)]
    dry_run: bool,
    /// A copy of the rollback file, as a new file
    #[arg(long, value_name = "FILE")]
    rollback_file: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let skip = args.rules.skipped()?;
    let selection = select_profiles(&context.profiles(&args.rules.profiles)?)?;
    let rules = args.rules.rules(&selection, &skip);
    let place = args.place.open()?;
    let mut survey = survey(&place, &rules, context.format == Format::Json, false)?;
    let plan = survey.plan(&place, &skip)?;
    let subject = Subject { host: &survey.host, profiles: &selection.names };
    let view = PlanView { subject, report: &survey.report, plan: &plan };
    let show = || match context.format {
        Format::Human => Context::report(|out| human::plan(out, view)),
        Format::Json => Ok(()),
    };
    if args.dry_run {
        Context::report(|out| match context.format {
            Format::Human => human::plan(out, view),
            Format::Json => json::plan(out, view),
        })?;
        return Ok(0);
    }
    refuse_while_interrupted(&args.state)?;
    if plan.is_empty() {
        return Ok(context.finish(report(context, &not_begun(Outcome::Unchanged), &[]), 0));
    }
    if !plan.refused.is_empty() {
        let code = refused_code(&plan.refused);
        let code = context.finish(report(context, &not_begun(Outcome::Refused), &plan.refused), code);
        if code == ErrorKind::Denied.exit_code() {
            Context::say(&format!("hint: {ROOT}"));
        }
        Context::say("hint: `--skip KEY` leaves a setting out; `twtune plan` shows the rest");
        return Ok(code);
    }
    if !args.yes {
        if !Context::can_ask() {
            return Err(
                CliError::usage("there is no terminal to ask on").hint("`--yes` applies without asking")
            );
        }
        show()?;
        if !Context::ask("Make these changes?") {
            let declined = report(context, &not_begun(Outcome::Refused), &[]);
            return Ok(context.finish(declined, ErrorKind::Refused.exit_code()));
        }
    }
    let done = apply(args, &place, &survey.host, &plan, &selection.names)?;
    Ok(context.finish(report(context, &done, &[]), outcome_code(&done)))
}

fn apply(
    args: &Args,
    place: &Place,
    host: &Host,
    plan: &Plan,
    profiles: &[String],
) -> Result<Done, CliError> {
    let identity = observe::identity();
    let request = Request {
        plan,
        profiles: profiles.to_vec(),
        origin: origin(host, &identity, place),
        here: identity,
        time: Context::now(),
        copy: args.rollback_file.as_deref(),
        state: &args.state.state_dir,
    };
    let interruption = watch_signals();
    Ok(transaction::apply(&request, &place.platform, &interruption, &Context::say)?)
}

/// What was interrupted has to be settled before anything is said to be so or is written. Who may not see the state
/// is told by what they try to do with it.
fn refuse_while_interrupted(state: &StateArgs) -> Result<(), CliError> {
    let Ok(Some(store)) = Store::open(&state.state_dir) else { return Ok(()) };
    match transaction::interrupted(&store, observe::identity).unwrap_or_default().pop() {
        Some(record) => Err(TransactionError::Interrupted { command: record.command, id: record.id }.into()),
        None => Ok(()),
    }
}

/// Where this is, for the record.
pub(super) fn origin(host: &Host, identity: &Identity, place: &Place) -> Origin {
    Origin {
        host: host.name.clone(),
        machine_id: identity.machine_id.clone(),
        boot_id: identity.boot_id.clone(),
        netns: identity.netns.clone(),
        entered: place.entered.clone(),
    }
}

/// From here on a signal does not end the process but is noticed between two writes.
pub(super) fn watch_signals() -> impl Fn() -> Option<String> {
    let seen = Arc::new(AtomicUsize::new(0));
    let names = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];
    for (at, (signal, _)) in names.iter().enumerate() {
        // Without the handler the signal ends the process, and the rollback file remains.
        let _ = signal_hook::flag::register_usize(*signal, Arc::clone(&seen), at + 1);
    }
    move || match seen.load(Ordering::SeqCst) {
        0 => None,
        at => Some(format!("interrupted by {}", names[at - 1].1)),
    }
}

fn not_begun(outcome: Outcome) -> Done {
    Done { id: None, undoes: None, outcome, rollback_file: None, steps: Vec::new(), failure: None }
}

fn report(context: &Context, done: &Done, refused: &[Refusal]) -> Result<(), CliError> {
    Context::report(|out| match context.format {
        Format::Human => human::outcome(out, Command::Apply, done, refused, false),
        Format::Json => json::outcome(out, Command::Apply, done, refused),
    })
}

fn refused_code(refused: &[Refusal]) -> u8 {
    let denied = refused.iter().any(|refusal| refusal.obstacle == Obstacle::Permission);
    if denied { ErrorKind::Denied } else { ErrorKind::Refused }.exit_code()
}

/// The exit code of a transaction that was begun.
pub(super) fn outcome_code(done: &Done) -> u8 {
    match done.outcome {
        Outcome::Applied | Outcome::Unchanged | Outcome::RolledBack => 0,
        Outcome::Refused => 3,
        Outcome::Undone => 5,
        Outcome::Incomplete => 6,
    }
}
