//! `twtune profile`

use std::slice;

use clap::Subcommand;

use crate::advise;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document::hidden_files;
use crate::cli::document::names;
use crate::cli::document::select_profiles;
use crate::cli::error::CliError;
use crate::observe;
use crate::profile::Level;
use crate::profile::Problem;
use crate::render::human;
use crate::render::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the built-in profiles and those in /etc/twtune/profiles.d
    List,
    /// Show profiles with all their rules, those that they extend included
    Show {
        /// Names, or paths, which have a slash or end in .toml
        #[arg(value_name = "PROFILE", required = true)]
        profiles: Vec<String>,
    },
    /// Check profiles for faults, and name them all
    Lint {
        /// Names, or paths, which have a slash or end in .toml [default: all that there are]
        #[arg(value_name = "PROFILE")]
        profiles: Vec<String>,
    },
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    match &args.verb {
        Verb::List => list(context),
        Verb::Show { profiles } => show(context, profiles),
        Verb::Lint { profiles } => lint(context, profiles),
    }
}

/// Lists what can be listed: a spoilt file hides no other.
fn list(context: &Context) -> Result<u8, CliError> {
    let (mut sound, mut problems) = (Vec::new(), hidden_files());
    for name in names() {
        match select_profiles(slice::from_ref(&name)) {
            Ok(_) => sound.push(name),
            Err(error) if error.problems.is_empty() => problems.push(Problem::whole(&name, error.message)),
            Err(error) => problems.extend(error.problems),
        }
    }
    let selection = select_profiles(&sound)?;
    Context::report(|out| match context.format {
        Format::Human => human::profile_list(out, selection.profiles(), &problems),
        Format::Json => json::profile_list(out, selection.profiles(), &problems),
    })?;
    Ok(0)
}

fn show(context: &Context, profiles: &[String]) -> Result<u8, CliError> {
    let selection = select_profiles(profiles)?;
    let rules = selection.rules(observe::OS, Level::Recommended, &[]);
    let (_, overruled) = advise::lint(&rules);
    Context::report(|out| match context.format {
        Format::Human => human::profile_show(out, selection.profiles(), &rules, &overruled),
        Format::Json => json::profile_show(out, selection.profiles(), &rules, &overruled),
    })?;
    Ok(0)
}

fn lint(context: &Context, profiles: &[String]) -> Result<u8, CliError> {
    let named = if profiles.is_empty() { names() } else { profiles.to_vec() };
    let mut problems = if profiles.is_empty() { hidden_files() } else { Vec::new() };
    // Each by itself: profiles that are never used together may contradict each other.
    for name in &named {
        match select_profiles(slice::from_ref(name)) {
            Ok(selection) => {
                let rules = selection.rules(observe::OS, Level::Recommended, &[]);
                problems.extend(advise::lint(&rules).0);
            }
            Err(error) if error.problems.is_empty() && named.len() == 1 => return Err(error),
            Err(error) if error.problems.is_empty() => problems.push(Problem::whole(name, error.message)),
            Err(error) => problems.extend(error.problems),
        }
    }
    problems.dedup();
    if !problems.is_empty() {
        return Err(CliError::faulty_profiles(problems));
    }
    Context::report(|out| match context.format {
        Format::Human => human::profile_lint(out, named.len()),
        Format::Json => json::profile_lint(out, &named),
    })?;
    Ok(0)
}
