//! `twtune profile`

use std::path::Path;
use std::path::PathBuf;
use std::slice;

use clap::Subcommand;

use crate::advise;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::document::hidden_files;
use crate::cli::document::names;
use crate::cli::document::select_profiles;
use crate::cli::error::CliError;
use crate::observe;
use crate::profile::Level;
use crate::profile::Problem;
use crate::profile::load;
use crate::render::human;
use crate::render::json;
use crate::render::toml;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the built-in profiles and those in /etc/twtune/profiles.d (Windows: %ProgramData%\twtune\profiles.d)
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
    /// Write a new profile to standard output
    ///
    /// With --from: of the lines of a sysctl.conf, a file of sysctl.d or a TuneD profile, each with what the catalogue
    /// knows about it. What harms, does nothing, or cannot be said is there as a comment, with the reason.
    New {
        /// Its name [default: the file's, or own]
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// The file to take over
        #[arg(long, value_name = "SYSCTL_FILE")]
        from: Option<PathBuf>,
    },
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    match &args.verb {
        Verb::List => list(context),
        Verb::Show { profiles } => show(context, profiles),
        Verb::Lint { profiles } => lint(context, profiles),
        Verb::New { name, from } => new(context, name.as_deref(), from.as_deref()),
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

fn new(context: &Context, name: Option<&str>, from: Option<&Path>) -> Result<u8, CliError> {
    let text = from.map(document::read).transpose()?;
    let lines = text.as_deref().map(advise::import).unwrap_or_default();
    let name = name.map_or_else(|| name_of(from), str::to_owned);
    let mut profile = Vec::new();
    let written = match from {
        Some(file) => toml::imported(&mut profile, &name, &file.display().to_string(), &lines),
        None => toml::skeleton(&mut profile, &name),
    };
    written.map_err(|error| CliError::denied("write", "the profile", &error))?;
    let profile = String::from_utf8_lossy(&profile).into_owned();
    // A name that is none, or so many lines that no profile has room for them.
    load(&name, &profile).map_err(CliError::faulty_profiles)?;
    Context::report(|out| match context.format {
        Format::Human => out.write_all(profile.as_bytes()),
        Format::Json => json::profile_new(out, &name, &profile, &lines),
    })?;
    if from.is_some() {
        let taken = lines.iter().filter(|line| line.judgement.is_taken() && line.rule.is_some()).count();
        let count = lines.len();
        Context::say(&format!(
            "{taken} of {count} lines became rules; the comments say why the others did not"
        ));
    }
    Ok(0)
}

/// The name of a file as a profile's: `99-tuning.conf` is `tuning`.
fn name_of(file: Option<&Path>) -> String {
    let stem = file.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().to_lowercase());
    let stem = stem.unwrap_or_default();
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(64).collect();
    let plain = plain.trim_start_matches(|c: char| !c.is_ascii_lowercase()).trim_end_matches('-');
    if plain.is_empty() { "own".into() } else { plain.into() }
}
