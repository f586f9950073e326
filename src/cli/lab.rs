//! `twtune lab`

use std::io;
use std::io::IsTerminal;
use std::io::Write;

use clap::Subcommand;

use crate::advise::Status;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::place;
use crate::cli::place::Place;
use crate::cli::survey::Depth;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::survey;
use crate::cli::system::watch_signals;
use crate::facts::Host;
use crate::lab;
use crate::lab::Experiment;
use crate::lab::LabError;
use crate::lab::Progress;
use crate::observe;
use crate::observe::Wanted;
use crate::render::LoadChange;
use crate::render::LoadView;
use crate::render::Subject;
use crate::render::human;
use crate::render::json;
use crate::setting::Key;
use crate::setting::Scope;
use crate::setting::catalogue;

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
        /// The experiments; `all` is every one, which takes about a minute
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Measure short connections under this host's values and under the profiles', in private namespaces
    ///
    /// Takes about a minute and a half: 20 seconds for each load and set of values.
    Profile(RuleArgs),
}

// The arguments of a process of the lab.
#[derive(Debug, clap::Args)]
pub(super) struct CellArgs {
    task: String,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    if lab::experiments().is_empty() {
        return Err(CliError::usage("the lab needs the network namespaces of Linux"));
    }
    match &args.verb {
        Verb::List => list(context),
        Verb::Run { names } => run_experiments(context, names),
        Verb::Profile(rules) => compare(context, rules),
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

fn compare(context: &Context, args: &RuleArgs) -> Result<u8, CliError> {
    let skip = args.skipped()?;
    let selection = context.selection(&args.profiles)?;
    let rules = args.rules(&selection, &skip);
    let place = place::open(None)?;
    let whole = context.format == Format::Json;
    let survey = survey(&place, &rules, Depth { identity: whole, ..Depth::default() })?;
    let before = present_values(&place);
    let (mut after, mut changes) = (before.clone(), Vec::new());
    for finding in &survey.report.findings {
        let key = finding.rule.rule.key.as_str();
        let Some(proposed) = finding.proposed.as_ref().filter(|_| finding.status == Status::LiveDiffers)
        else {
            continue;
        };
        let proposed = proposed.to_string();
        // What is not there belongs to the machine, and no namespace can be given it.
        let place = after.iter_mut().find(|(known, _)| known == key);
        let in_namespace = place.is_some();
        if let Some((_, value)) = place {
            value.clone_from(&proposed);
        }
        changes.push(LoadChange {
            key: key.to_owned(),
            before: finding.live.state.value().map(str::to_owned),
            after: proposed,
            in_namespace,
        });
    }
    let mut ticker = Ticker::new(context.format);
    let comparisons = lab::compare(&before, &after, &watch_signals(), &mut |progress| ticker.tell(progress));
    ticker.clear();
    let comparisons = comparisons?;
    let view = LoadView {
        subject: Subject { host: &survey.host, profiles: &selection.names },
        changes: &changes,
        comparisons: &comparisons,
    };
    Context::report(|out| match context.format {
        Format::Human => human::lab_profile(out, view),
        Format::Json => json::lab_profile(out, view),
    })?;
    Ok(0)
}

/// The values here of all settings that a network namespace has its own of.
fn present_values(place: &Place) -> Vec<(String, String)> {
    let own =
        catalogue::all().filter(|setting| setting.scope == Scope::Netns && setting.key.starts_with("net."));
    let keys = own.filter_map(|setting| Key::parse(setting.key).ok());
    keys.filter_map(|key| Some((key.as_str().to_owned(), place.platform.read(&key).value()?.to_owned())))
        .collect()
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
    Ok(observe::host(wanted, place::open(None)?.initial))
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

/// The width of that line, which is less than that of any terminal.
const WIDTH: usize = 78;

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
        let line = format!("{done} of {of} done, {seconds} s: {first}{more}");
        // As wide as the longest, because the next may be shorter.
        let _ = write!(io::stderr().lock(), "\r{line:<WIDTH$}");
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r{:<WIDTH$}\r", "");
        }
    }
}
