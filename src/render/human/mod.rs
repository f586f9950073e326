//! Reports for people. What comes from outside is escaped; colours underline what the words say.

mod check;
mod concern;
mod confirm;
mod diagnose;
mod elsewhere;
mod error;
mod evidence;
mod explain;
mod finding;
mod history;
mod lab;
mod load;
mod outcome;
mod plan;
mod profile;

pub use check::check;
pub use confirm::confirm;
pub use diagnose::diagnose;
pub use error::error;
pub use explain::explain;
pub use explain::explain_all;
pub use explain::explain_gone;
pub use explain::explain_page;
pub use explain::explain_search;
pub use history::history;
pub use lab::lab_list;
pub use lab::lab_run;
pub use load::lab_profile;
pub use outcome::outcome;
pub use plan::plan;
pub use profile::profile_lint;
pub use profile::profile_list;
pub use profile::profile_show;

use std::io;
use std::io::Write;
use std::time::Duration;

use crate::facts::Host;
use crate::render::Subject;
use crate::render::escape;

/// `vm (Linux 6.18.44)`.
fn host_line(subject: Subject<'_>) -> String {
    let host = subject.host;
    let os = host.os.title();
    let namespace = if host.initial { "" } else { ", a network namespace of its own" };
    format!("{} ({os} {}{namespace})", escape(&host.name), escape(&host.kernel))
}

/// A value, or what stands for none.
fn value_text(value: Option<&str>) -> String {
    match value {
        None => "absent".into(),
        Some("") => "empty".into(),
        Some(value) => escape(value),
    }
}

/// Writes which part of the truth a report leaves out, and what brings it in.
fn write_left_out(out: &mut dyn Write, host: &Host, is_met: bool, boot_left_out: bool) -> io::Result<()> {
    if boot_left_out {
        let why = "it is not known what reads its files";
        writeln!(out, "the next boot is left out: {why}; `--target both` takes it in")?;
    }
    if !is_met && host.version.is_none() {
        writeln!(out, "`--assume linux=6.1,mem=16GiB,cpus=8` says what an image cannot tell")?;
    }
    Ok(())
}

/// `45s`, `10min`, `1h 5min`.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if said.is_empty() { "0s".into() } else { said.join(" ") }
}

/// `1 change`, `2 changes`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
