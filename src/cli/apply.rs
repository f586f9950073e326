//! `twtune apply`

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::document;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::place;
use crate::cli::place::Place;
use crate::cli::place::PlaceArgs;
use crate::cli::survey::Depth;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::survey;
use crate::cli::system;
use crate::cli::watch;
use crate::cli::watch::Waiting;
use crate::cli::watch::settle_overdue;
use crate::facts::Host;
use crate::facts::Identity;
use crate::observe;
use crate::observe::Wanted;
use crate::plan::Obstacle;
use crate::plan::Origin;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::SavedPlan;
use crate::platform::stored::BootFolder;
use crate::render::PlanView;
use crate::render::Subject;
use crate::render::human;
use crate::render::json;
use crate::setting::Unit;
use crate::transaction;
use crate::transaction::Command;
use crate::transaction::Deadline;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Probation;
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
    /// A plan that `plan -o` saved, as it is, without asking
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "profiles", "level", "skip", "target", "netns", "pid", "dry_run", "take_over",
    ])]
    plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show the changes and make none; the same as plan
    #[arg(long)]
    dry_run: bool,
    /// Undo it by itself unless `twtune confirm` comes within this time (30s, 10min, 2h); again: more time
    #[arg(long, value_name = "TIME", value_parser = probation_time)]
    confirm_within: Option<Duration>,
    /// Deal with lines of other files that would win over ours at boot: comment them out
    #[arg(long)]
    take_over: bool,
    /// A copy of the rollback file, as a new file
    #[arg(long, value_name = "FILE")]
    rollback_file: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    if args.place.is_image() && args.confirm_within.is_some() {
        return Err(CliError::usage("an image does not run, so nothing in it can undo itself"));
    }
    // A single look at the history tells, nearly always, that nothing in it stands in the way.
    let waiting = if args.place.is_image() { Waiting::Something } else { settle_overdue(&args.state) };
    if let Some(file) = &args.plan {
        return run_saved(context, args, file, waiting);
    }
    let skip = args.rules.skipped()?;
    let selection = context.selection(&args.rules.profiles)?;
    let rules = args.rules.rules(&selection, &skip);
    let place = args.place.open()?;
    let mut survey =
        survey(&place, &rules, Depth { identity: context.format == Format::Json, ..Depth::default() })?
            .heed(&selection);
    // A dry run is the plan, also for whoever may not apply it.
    let to_apply = !args.dry_run || system::may_write();
    let state = place
        .state(&args.state)
        .map(Some)
        .or_else(|error| if args.dry_run { Ok(None) } else { Err(error) })?;
    let plan = survey.plan(&place, &skip, state.as_deref(), args.take_over, (to_apply, args.dry_run))?;
    let subject = Subject { host: &survey.host, profiles: &selection.names };
    let boot_left_out = place.boot_left_out;
    let view = PlanView { subject, report: &survey.report, plan: &plan, boot_left_out };
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
    if let Waiting::Something = waiting {
        refuse_while_interrupted(&place, &place.state(&args.state)?)?;
    }
    if plan.is_empty() || repeats_what_waits(args, &plan)? {
        let done = extend_probation(args)?;
        if done.outcome == Outcome::Unchanged && !args.place.is_image() {
            watch::tell_pending(&args.state);
        }
        return Ok(Context::finish(report(context, args, &done, &[]), 0));
    }
    if !plan.refused.is_empty() {
        let code = refused_kind(&plan.refused).exit_code();
        let code =
            Context::finish(report(context, args, &Done::not_begun(Outcome::Refused), &plan.refused), code);
        if code == ErrorKind::Denied.exit_code() {
            Context::say(&format!("hint: {}", system::administrator()));
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
            let declined = report(context, args, &Done::not_begun(Outcome::Refused), &[]);
            return Ok(Context::finish(declined, ErrorKind::Refused.exit_code()));
        }
    }
    let done = apply(args, &place, &survey.host, (&plan, &selection.names), waiting)?;
    Ok(Context::finish(report(context, args, &done, &[]), outcome_code(&done)))
}

/// Applies a saved plan where it was drawn up, as long as everything is as it was then.
fn run_saved(context: &Context, args: &Args, file: &Path, waiting: Waiting) -> Result<u8, CliError> {
    let text = document::read(file)?;
    let refused = |why: &str| CliError::refused(format!("{}: {why}", file.display()));
    let host = observe::host(Wanted::default(), true);
    let (saved, mut plan) = SavedPlan::parse(&text, &host).map_err(|why| refused(&why))?;
    let image = if args.place.is_image() { Some(args.place.open()?) } else { None };
    let here = image.as_ref().map_or_else(place::here, Place::identity)?;
    if !saved.origin.same_machine(&here) {
        return Err(refused(&format!("it was drawn up on another machine, {}", saved.origin.host)));
    }
    if !saved.origin.same_boot(&here) {
        return Err(refused("it was drawn up before the last reboot").hint("plan again"));
    }
    let entered = if saved.origin.is_here(&here) { None } else { saved.origin.entered.clone() };
    let place = match image {
        Some(place) => place,
        None => place::open(entered)?,
    };
    if !saved.origin.is_here(&place.identity()?) {
        return Err(refused("it was drawn up in another network namespace").hint("plan again"));
    }
    if let Some(root) = place.root.as_ref().filter(|_| plan.touches_boot()) {
        plan.edits = saved.edits(&root.boot_files().0).map_err(|why| refused(&why).hint("plan again"))?;
    }
    if plan.is_empty() {
        return Ok(Context::finish(report(context, args, &Done::not_begun(Outcome::Unchanged), &[]), 0));
    }
    let done = apply(args, &place, &host, (&plan, &saved.profiles), waiting)?;
    Ok(Context::finish(report(context, args, &done, &[]), outcome_code(&done)))
}

fn apply(
    args: &Args,
    place: &Place,
    host: &Host,
    (plan, profiles): (&Plan, &[String]),
    waiting: Waiting,
) -> Result<Done, CliError> {
    let identity = place.identity()?;
    if identity.machine_id.is_none() && plan.touches_boot() && place.assumed.is_none() {
        Context::say(
            "warning: this machine's id cannot be read, so from the next boot on nobody can tell its rollback files from another machine's",
        );
    }
    let state = &place.state(&args.state)?;
    let within = args.confirm_within.unwrap_or_default();
    let start_watcher = |id: &str| watch::start(id, state, within);
    let probation = args.confirm_within.map(|within| Probation { within, start_watcher: &start_watcher });
    let request = Request {
        plan,
        profiles: profiles.to_vec(),
        origin: origin(host, &identity, place),
        here: identity,
        time: Context::now(),
        copy: args.rollback_file.as_deref(),
        state,
        settled: match waiting {
            Waiting::Nothing(store) => store,
            Waiting::Something => None,
        },
        probation,
        folder: place.folder(),
        // A saved plan does not say what was assumed of its image.
        kernel: host.version.filter(|_| place.assumed.is_none() || args.plan.is_none()),
    };
    let interruption = system::watch_signals();
    let done = transaction::apply(&request, &*place.platform, &interruption, &Context::say)?;
    if let Some(id) =
        done.id.as_ref().filter(|_| done.outcome == Outcome::Undone && args.confirm_within.is_some())
    {
        system::stop_timer(id, state);
    }
    let until = args.confirm_within.filter(|_| done.outcome == Outcome::Pending).map(deadline);
    Ok(Done { until, ..done })
}

/// Whether it is said again of a plan that waits to be confirmed, so that nothing but its files is not as it should be.
fn repeats_what_waits(args: &Args, plan: &Plan) -> Result<bool, CliError> {
    if args.confirm_within.is_none() {
        return Ok(false);
    }
    match Store::open(&args.state.state_dir)? {
        Some(store) => Ok(transaction::is_waiting(&store, plan, &place::here()?)?),
        None => Ok(false),
    }
}

/// Nothing to change: where there are applies on probation, `--confirm-within`, said again, gives them this time anew.
fn extend_probation(args: &Args) -> Result<Done, CliError> {
    let (Some(within), Some(store)) = (args.confirm_within, Store::open(&args.state.state_dir)?) else {
        return Ok(Done::not_begun(Outcome::Unchanged));
    };
    let extended = transaction::extend(&store, within, &place::here()?, &Context::say)?;
    for id in &extended {
        let state = &args.state.state_dir;
        // A timer would come too late for a shorter time. A process sees the new one by itself, and ends at once where
        // another watches. Should none take the place of one that was killed, the next twtune sees what is overdue.
        system::stop_timer(id, state);
        if watch::start(id, state, within).is_err() {
            Context::say(&format!("warning: nobody watches apply {id} any more; `twtune confirm` keeps it"));
        }
    }
    let waits = !extended.is_empty();
    let outcome = if waits { Outcome::Pending } else { Outcome::Unchanged };
    let until = waits.then(|| deadline(within));
    Ok(Done { until, extended, ..Done::not_begun(outcome) })
}

/// Such a time from now.
fn deadline(within: Duration) -> Deadline {
    Deadline { time: Context::time_in(within), within }
}

/// A time that an apply can be on probation: a second to a week.
fn probation_time(text: &str) -> Result<Duration, String> {
    let seconds = Unit::Second.parse(text)?;
    let within = 1..=7 * 24 * 60 * 60;
    match u64::try_from(seconds) {
        Ok(seconds) if within.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time from 1s to 7d is wanted".into()),
    }
}

/// What was interrupted has to be settled before anything is said to be so or is written. Who may not see the state
/// is told by what they try to do with it.
fn refuse_while_interrupted(place: &Place, state: &Path) -> Result<(), CliError> {
    let Ok(Some(store)) = Store::open(state) else { return Ok(()) };
    match transaction::interrupted(&store, || place.identity().ok()).unwrap_or_default().pop() {
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

fn report(context: &Context, args: &Args, done: &Done, refused: &[Refusal]) -> Result<(), CliError> {
    let options =
        args.place.root().map_or_else(|| args.state.option(), |root| format!(" --root {}", root.display()));
    Context::report(|out| match context.format {
        Format::Human => human::outcome(out, Command::Apply, done, refused, false, &options),
        Format::Json => json::outcome(out, Command::Apply, done, refused, false),
    })
}

/// What it means to a script that a plan cannot be carried out.
pub(super) fn refused_kind(refused: &[Refusal]) -> ErrorKind {
    let denied = refused.iter().any(|refusal| refusal.obstacle == Obstacle::Permission);
    if denied { ErrorKind::Denied } else { ErrorKind::Refused }
}

/// The exit code of a transaction that was begun.
pub(super) fn outcome_code(done: &Done) -> u8 {
    match done.outcome {
        Outcome::Applied | Outcome::Pending | Outcome::Unchanged | Outcome::RolledBack => 0,
        Outcome::Refused => 3,
        Outcome::Undone => 5,
        Outcome::Incomplete => 6,
    }
}
