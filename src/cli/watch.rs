//! `twtune watch`, which no person calls: undoes an apply on probation when its time is over. apply starts one in a
//! session of its own; the next twtune calls one for whatever is overdue, should the first have been killed.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use crate::cli::apply::origin;
use crate::cli::context::Context;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::place;
use crate::cli::system;
use crate::observe;
use crate::observe::Wanted;
use crate::transaction;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Store;
use crate::transaction::Undo;
use crate::transaction::Watched;

/// How often an undo that failed is tried again before it is left to the next twtune: a second later, then less and less
/// often, for an hour by whom nobody waits for.
const ATTEMPTS: usize = 5;
const PATIENT_ATTEMPTS: usize = 65;
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The id of the apply
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    state: StateArgs,
    /// Leave the session that started it, unless another watches already
    #[arg(long)]
    detached: bool,
    /// Try again for an hour where it cannot be undone
    #[arg(long)]
    patient: bool,
}

pub(super) fn run(args: &Args) -> Result<u8, CliError> {
    if args.detached {
        system::detach().map_err(|error| CliError::denied("leave", "the session", &error))?;
    }
    let Some(store) = Store::open(&args.state.state_dir)? else { return Ok(0) };
    let alone = if args.detached { store.watch_alone(&args.id)? } else { None };
    if args.detached && alone.is_none() {
        return Ok(0);
    }
    let patient = args.detached || args.patient;
    let mut pause = PAUSE;
    for _ in 0..if patient { PATIENT_ATTEMPTS } else { ATTEMPTS } {
        match settle_once(&store, &args.id) {
            Ok(Settled::Yes) => return Ok(0),
            // It was settled or its time extended while this one waited for the lock.
            Ok(Settled::Anew) => continue,
            Ok(Settled::No) => {}
            // A disk that is full, or a folder that is read-only, may not be so for long.
            Err(_) if patient => {}
            Err(error) => return Err(error),
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(0)
}

/// What one attempt to settle an apply on probation came to.
enum Settled {
    Yes,
    Anew,
    No,
}

/// Waits until the time of an apply is over, and undoes it.
fn settle_once(store: &Store, id: &str) -> Result<Settled, CliError> {
    if transaction::watch(store, id, &place::here()?)? == Watched::Settled {
        return Ok(Settled::Yes);
    }
    let done = undo(store, id)?;
    match (done.outcome, done.id) {
        (Outcome::RolledBack | Outcome::Incomplete, by) if done.failure.is_none() => {
            let by = by.unwrap_or_default();
            let rest = if done.outcome == Outcome::Incomplete { ", but not all of it" } else { "" };
            Context::say(&format!("apply {id} was not confirmed in time and was undone{rest}; see {by}"));
            Ok(Settled::Yes)
        }
        (Outcome::Unchanged, _) => Ok(Settled::Anew),
        _ => Ok(Settled::No),
    }
}

fn undo(store: &Store, id: &str) -> Result<Done, CliError> {
    let here = place::here()?;
    let choice = transaction::choose_unconfirmed(store, id, &here)?;
    let elsewhere =
        if choice.record.origin.is_here(&here) { None } else { choice.record.origin.entered.clone() };
    let place = place::open(elsewhere)?;
    let here = place::here()?;
    let host = observe::host(Wanted::default(), true);
    let undo = Undo {
        choice: &choice,
        origin: origin(&host, &here, &place),
        here,
        time: Context::now(),
        forced: &[],
        unconfirmed: true,
        folder: place.folder(),
    };
    Ok(transaction::rollback(store, &undo, &*place.platform, &system::watch_signals(), &Context::say)?)
}

/// Starts the watcher of an apply: by a timer of systemd's, else in a session of its own. When this returns, it no
/// longer depends on ours.
pub(super) fn start(id: &str, state: &Path, within: Duration) -> io::Result<()> {
    if system::start_timer(id, state, within) {
        return Ok(());
    }
    let mut watcher = watcher(id, state);
    watcher.arg("--detached").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = system::free(&mut watcher).spawn()?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    if line == "ready\n" { Ok(()) } else { Err(io::Error::other("the watcher did not start")) }
}

/// Whether anything waited in the history, on probation or interrupted.
pub(super) enum Waiting {
    /// Nothing, or nothing that this user may see.
    Nothing(Option<Store>),
    /// Something did; what was overdue is settled.
    Something,
}

/// Settles what is overdue. Who may not see the history has nothing to settle.
pub(super) fn settle_overdue(state: &StateArgs) -> Waiting {
    let Ok(Some(store)) = Store::open(&state.state_dir) else { return Waiting::Nothing(None) };
    if transaction::is_settled(&store).unwrap_or(false) {
        return Waiting::Nothing(Some(store));
    }
    settle(&store, state);
    Waiting::Something
}

/// Settles what is overdue, and says what was interrupted: for commands that go on regardless.
pub(super) fn settle_and_warn(state: &StateArgs) -> Waiting {
    let waiting = settle_overdue(state);
    if let Waiting::Something = waiting {
        warn(state);
    }
    waiting
}

/// The same, and says what waits to be confirmed: what is found now may be gone in a minute.
pub(super) fn settle_and_tell(state: &StateArgs) {
    if let Waiting::Something = settle_and_warn(state) {
        tell_pending(state);
    }
}

/// Says what waits to be confirmed.
pub(super) fn tell_pending(state: &StateArgs) {
    let (Ok(Some(store)), Ok(here)) = (Store::open(&state.state_dir), place::here()) else { return };
    for (id, left) in transaction::pending(&store, &here).unwrap_or_default() {
        let keeps = "unless `twtune confirm` keeps it";
        Context::say(&format!("note: apply {id} is undone in {left}s {keeps}"));
    }
}

fn warn(state: &StateArgs) {
    let Ok(Some(store)) = Store::open(&state.state_dir) else { return };
    for record in transaction::interrupted(&store, || observe::identity().ok()).unwrap_or_default() {
        let (command, id) = (record.command, &record.id);
        Context::say(&format!("warning: {command} {id} was interrupted; `twtune rollback` settles it"));
    }
}

fn settle(store: &Store, state: &StateArgs) {
    for id in transaction::overdue(store, || observe::identity().ok()).unwrap_or_default() {
        // In a process of its own: it may have to enter another network namespace.
        let settled = watcher(&id, &state.state_dir).stdout(Stdio::null()).status();
        if !settled.is_ok_and(|status| status.success()) {
            Context::say(&format!("warning: apply {id} was not confirmed in time and could not be undone"));
        }
    }
}

fn watcher(id: &str, state: &Path) -> Command {
    let mut command = system::this_program();
    command.args(["watch", id, "--state-dir"]).arg(state).stdin(Stdio::null());
    command
}
