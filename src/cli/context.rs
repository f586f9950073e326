//! What every command shares: global options, the configuration file, the clock, and where reports go.

use std::fs;
use std::io;
use std::io::BufWriter;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::document;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::system;
use crate::profile::Configuration;
use crate::profile::Date;
use crate::profile::Selection;
use crate::render::human;
use crate::render::json;
use crate::render::style;

// The options of every command. No doc comment: clap would make it the help of each.
#[derive(Debug, clap::Args)]
pub(super) struct GlobalArgs {
    /// How the report is written
    #[arg(long, global = true, value_enum, default_value_t = FormatName::Human)]
    format: FormatName,
    /// When to use colours; `auto` honours `NO_COLOR`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// The configuration file [default: /etc/twtune/twtune.toml, or %ProgramData%\twtune\twtune.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

// The option of every command that reads or writes the history.
#[derive(Debug, clap::Args)]
pub(super) struct StateArgs {
    /// Where rollback files and the history are kept
    #[arg(long, value_name = "DIR", default_value_os_t = system::state_folder(), value_parser = absolute_path)]
    pub(super) state_dir: PathBuf,
}

impl StateArgs {
    /// The option that leads to the same history, where it is another than without any.
    pub(super) fn option(&self) -> String {
        if self.state_dir == system::state_folder() {
            return String::new();
        }
        format!(" --state-dir {}", self.state_dir.display())
    }
}

/// A path from the root, so that what a report names can be found from any folder.
fn absolute_path(text: &str) -> io::Result<PathBuf> {
    // Without a slash at its end, behind which a link would be followed.
    Ok(std::path::absolute(text)?.components().collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// For people
    Human,
    /// For programs: one object with a versioned schema
    Json,
    /// Of plan: the lines of a file of sysctl.d, for those whose configuration management owns the files
    Sysctl,
}

/// The formats that every report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

pub(super) struct Context {
    pub(super) format: Format,
    /// Whether a plan is asked for as lines of sysctl.d, which no other report can be.
    pub(super) as_sysctl: bool,
    config: Option<PathBuf>,
}

impl Context {
    pub(super) fn new(global: GlobalArgs) -> Self {
        let colours = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
                    && io::stdout().is_terminal()
                    && system::shows_colours()
            }
        };
        style::enable(colours && global.format == FormatName::Human);
        let format = if global.format == FormatName::Json { Format::Json } else { Format::Human };
        Self { format, as_sysctl: global.format == FormatName::Sysctl, config: global.config }
    }

    /// The profiles to use: those named, else the configuration's, else `general`. The configuration's exceptions
    /// hold for all of them.
    pub(super) fn selection(&self, named: &[String]) -> Result<Selection, CliError> {
        let path = &self.config.clone().unwrap_or_else(system::config_file);
        let configured = match document::read(path) {
            Err(error) if self.config.is_none() && error.is_missing() => Configuration::default(),
            Err(error) => return Err(error.into()),
            Ok(text) => parse(path, &text)?,
        };
        let mut selection = if !named.is_empty() {
            document::select_rules(named)?
        } else if configured.profiles.is_empty() {
            document::select_rules(&["general".into()])?
        } else {
            // A path in a file is relative to the file, wherever twtune is called.
            let folder = path.parent().unwrap_or(Path::new("/"));
            let seen = configured.profiles.iter().map(|name| document::relative_to(folder, name));
            document::select_rules(&seen.collect::<Vec<_>>())
                .map_err(|error| error.hint(format!("the profiles are those of {}", path.display())))?
        };
        selection.exceptions.extend(configured.exceptions);
        Ok(selection)
    }

    /// Writes a report to standard output.
    pub(super) fn report(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out).and_then(|()| out.flush()).map_err(|error| Self::unwritten(&error))
    }

    /// Why standard output did not take all of it.
    pub(super) fn unwritten(error: &io::Error) -> CliError {
        match error.kind() {
            io::ErrorKind::BrokenPipe => CliError::new(ErrorKind::ReaderGone, "nobody reads the report"),
            _ => CliError::new(ErrorKind::Denied, format!("cannot write the report: {error}")),
        }
    }

    /// The exit code of a command that may have changed something: what happened counts, whether or not anybody
    /// could read the report of it.
    pub(super) fn finish(reported: Result<(), CliError>, code: u8) -> u8 {
        if let Err(error) = reported
            && error.kind != ErrorKind::ReaderGone
        {
            // Not on standard output, which is what failed: half a report may be there already.
            Self::say(&format!("error: {}", error.message));
        }
        code
    }

    pub(super) fn report_error(&self, error: &CliError) {
        Self::report_error_as(self.format, error);
    }

    pub(super) fn report_error_as(format: Format, error: &CliError) {
        let CliError { kind, message, hints, problems } = error;
        if *kind == ErrorKind::ReaderGone {
            return;
        }
        if format == Format::Json {
            let mut out = io::stdout().lock();
            let told = json::error(&mut out, kind.exit_code(), message, hints, problems);
            match told.and_then(|()| out.flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {}
                Ok(()) | Err(_) => return,
            }
        }
        // There is nowhere left to report that an error could not be reported.
        let _ = human::error(&mut io::stderr().lock(), message, hints, problems);
    }

    /// Says something that is not part of the report.
    pub(super) fn say(text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// The present time, UTC.
    pub(super) fn now() -> String {
        jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string()
    }

    /// The time that it will be then, UTC.
    pub(super) fn time_in(duration: Duration) -> String {
        let time = jiff::Timestamp::now().saturating_add(duration).unwrap_or_default();
        time.round(jiff::Unit::Second).unwrap_or_default().to_string()
    }

    /// The present day, UTC.
    pub(super) fn today() -> Date {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        // Years, months and days of the calendar are never negative here.
        Date {
            year: u16::try_from(now.year()).unwrap_or_default(),
            month: now.month().unsigned_abs(),
            day: now.day().unsigned_abs(),
        }
    }

    /// Whether a person can be asked.
    pub(super) fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question whose safe answer is no.
    pub(super) fn ask(question: &str) -> bool {
        let _ = write!(io::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }
}

fn parse(path: &Path, text: &str) -> Result<Configuration, CliError> {
    Configuration::parse(&path.display().to_string(), text)
        .map_err(|problems| CliError::refused("the configuration is not acceptable").problems(problems))
}

/// The files in a folder that end in `.toml`, sorted.
pub(super) fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}
