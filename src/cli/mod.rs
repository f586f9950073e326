//! The command line: arguments to calls of the other rooms, and what they return to text and exit codes.

mod apply;
mod assume;
mod check;
mod check_elsewhere;
mod confirm;
mod context;
#[cfg(target_os = "linux")]
mod diagnose;
#[cfg(windows)]
#[path = "windows/diagnose.rs"]
mod diagnose;
mod document;
mod error;
mod explain;
mod history;
mod lab;
mod place;
mod plan;
mod profile;
mod rollback;
mod survey;
#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;
mod watch;
mod window;

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;
use clap::error::ErrorKind as ClapErrorKind;

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::GlobalArgs;
use crate::cli::error::CliError;

/// A tuning advisor for `TIME_WAIT`, ephemeral ports and their kin.
///
/// Reads the settings of this machine, compares them with what a workload needs, shows the changes, makes them
/// with a rollback file, and takes them back.
#[derive(Debug, Parser)]
#[command(name = "twtune", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done, or nothing to do; for check: every rule that counts is met
  1   differences or findings (check; plan and diagnose with --exit-code)
  2   wrong usage
  3   refused: something given is not acceptable; nothing was changed
  4   not permitted, or not readable or writable here; nothing was changed
  5   a later write was refused, or a signal came, and everything was put back
  6   something could not be put back; the report names it
  70  a bug in twtune";

/// The arguments of a command are put together only when it is the one asked for (`defer`).
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Compare this host with profiles; changes nothing
    ///
    /// Exit code 0: every rule that counts is met. 1: something differs, or cannot be told.
    Check(check::Args),
    /// Show what apply would change, and why: the dry run
    Plan(plan::Args),
    /// Make the changes that plan shows, all or none, after writing the rollback file
    Apply(apply::Args),
    /// Keep an apply that was started with --confirm-within
    Confirm(confirm::Args),
    /// Undo an apply
    ///
    /// Without a name: the newest apply that is in force, or one that was interrupted.
    Rollback(rollback::Args),
    /// List the applies and rollbacks on this host, and their state
    History(history::Args),
    /// Tell what the sockets show: who runs out of ports, who leaks, and what to do about it
    ///
    /// Changes nothing. Exit code 0, whatever was found; with --exit-code 1 where something is wrong.
    Diagnose(diagnose::Args),
    /// Tell the facts about a setting, a check or a concept, and their sources
    Explain(explain::Args),
    /// List, show and check profiles
    Profile(profile::Args),
    /// Prove claims by experiment, in private namespaces that are gone at the end
    Lab(lab::Args),
    #[command(hide = true)]
    Watch(watch::Args),
    #[command(hide = true)]
    Cell(lab::CellArgs),
    #[command(hide = true)]
    Window(window::Args),
}

/// Runs the command of the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error),
    };
    let context = Context::new(cli.global);
    let result = match cli.command {
        Command::Plan(args) => plan::run(&context, &args),
        _ if context.as_sysctl => Err(CliError::usage("--format sysctl is a format of plan")),
        Command::Check(args) => check::run(&context, &args),
        Command::Apply(args) => apply::run(&context, &args),
        Command::Confirm(args) => confirm::run(&context, &args),
        Command::Rollback(args) => rollback::run(&context, &args),
        Command::History(args) => history::run(&context, &args),
        Command::Diagnose(args) => diagnose::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Profile(args) => profile::run(&context, &args),
        Command::Lab(args) => lab::run(&context, &args),
        Command::Watch(args) => watch::run(&args),
        Command::Cell(args) => lab::cell(&args),
        Command::Window(args) => window::run(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            context.report_error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// clap's own report; as an object where the arguments, faulty as they are, ask for JSON.
fn usage_error(error: &clap::Error) -> ExitCode {
    let wanted = matches!(error.kind(), ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion);
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
    if json && !wanted {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let error = CliError::usage(message).hint("`twtune --help` lists commands and options");
        Context::report_error_as(Format::Json, &error);
    } else {
        let printed = error.print();
        if let Some(failure) = printed.err().filter(|_| wanted).map(|error| Context::unwritten(&error)) {
            Context::report_error_as(Format::Human, &failure);
            return ExitCode::from(failure.kind.exit_code());
        }
    }
    ExitCode::from(if wanted { 0 } else { 2 })
}
