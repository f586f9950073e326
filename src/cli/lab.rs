//! `twtune lab`

use std::io;
use std::io::IsTerminal;
use std::io::Write;

use clap::Subcommand;

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::place;
use crate::cli::system::watch_signals;
use crate::facts::Host;
use crate::lab;
use crate::lab::Experiment;
use crate::lab::LabError;
use crate::lab::Progress;
use crate::observe;
use crate::observe::Wanted;
use crate::render::human;
use crate::render::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the experiments and the claims that they try
    List,
    /// Run experiments, each in a private namespace that is gone at its end
    Run {
        /// The experiments; `all` is every one, which takes about two minutes
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
}

// The arguments of a process of the lab.
#[derive(Debug, clap::Args)]
pub(super) struct CellArgs {
    task: String,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    match &args.verb {
        Verb::List => list(context),
        Verb::Run { names } => run_experiments(context, names),
    }
}

/// Does what another twtune started this process for.
pub(super) fn cell(args: &CellArgs) -> Result<u8, CliError> {
    lab::enter_cell(&args.task)
        .map_err(|error| CliError::refused(format!("cannot do this task: {error}")))?;
    Ok(0)
}

fn list(context: &Context) -> Result<u8, CliError> {
    let host = host(context)?;
    Context::report(|out| match context.format {
        Format::Human => human::lab_list(out, lab::experiments()),
        Format::Json => json::lab_list(out, &host, lab::experiments()),
    })?;
    Ok(0)
}

fn run_experiments(context: &Context, names: &[String]) -> Result<u8, CliError> {
    let chosen = choose(names)?;
    let host = host(context)?;
    let mut ticker = Ticker::new(context.format);
    let findings = lab::run(&chosen, &watch_signals(), &mut |progress| ticker.tell(progress));
    ticker.clear();
    let findings = findings?;
    Context::report(|out| match context.format {
        Format::Human => human::lab_run(out, &host, &findings),
        Format::Json => json::lab_run(out, &host, &findings),
    })?;
    Ok(0)
}

/// The experiments of these names, each once and in the order in which they are listed.
fn choose(names: &[String]) -> Result<Vec<&'static Experiment>, CliError> {
    let all = lab::experiments();
    if let Some(unknown) =
        names.iter().find(|name| *name != "all" && all.iter().all(|experiment| experiment.name != **name))
    {
        let likeness = |experiment: &&Experiment| strsim::jaro_winkler(unknown, experiment.name);
        let nearest = all.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let error = CliError::refused(format!("there is no experiment `{unknown}`"));
        let error = match nearest.filter(|nearest| likeness(nearest) > 0.8) {
            Some(nearest) => error.hint(format!("did you mean {}?", nearest.name)),
            None => error,
        };
        return Err(error.hint("`twtune lab list` lists them"));
    }
    let every = names.iter().any(|name| name == "all");
    Ok(all.iter().filter(|experiment| every || names.iter().any(|name| name == experiment.name)).collect())
}

fn host(context: &Context) -> Result<Host, CliError> {
    let identity = context.format == Format::Json;
    let wanted = Wanted { memory: identity, processors: identity, identity };
    Ok(observe::host(wanted, place::open(None)?.platform.is_initial()))
}

impl From<LabError> for CliError {
    fn from(error: LabError) -> Self {
        let message = error.to_string();
        match error {
            LabError::Forbidden { hints, .. } => {
                hints.into_iter().fold(Self::new(ErrorKind::Denied, message), Self::hint)
            }
            LabError::Interrupted(_) => Self::new(ErrorKind::Interrupted, message),
            LabError::Start(_) => Self::new(ErrorKind::Denied, message),
        }
    }
}

/// A line on the terminal that says how far it is, for what takes longer than a second.
struct Ticker {
    shown: bool,
    last: u64,
    shows: bool,
}

impl Ticker {
    fn new(format: Format) -> Self {
        Self { shown: false, last: 0, shows: format == Format::Human && io::stderr().is_terminal() }
    }

    fn tell(&mut self, progress: Progress<'_>) {
        if !self.shows || progress.seconds <= self.last {
            return;
        }
        self.last = progress.seconds;
        self.shown = true;
        let (first, rest) =
            progress.running.split_first().map_or(("", 0), |(first, rest)| (*first, rest.len()));
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let Progress { done, of, seconds, .. } = progress;
        // Erased to the end of the line, because the next may be shorter.
        let _ = write!(io::stderr().lock(), "\r{done} of {of} done, {seconds} s: {first}{more}\x1b[K");
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
