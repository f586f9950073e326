//! Reports for programs. The types are the promise: within a version of a schema fields are only added.

mod check;
mod confirm;
mod diagnose;
mod error;
mod explain;
mod history;
mod host;
mod lab;
mod outcome;
mod plan;
mod profile;

use std::io;
use std::io::Write;

use serde::Serialize;

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
pub use lab::lab_profile;
pub use lab::lab_run;
pub use outcome::outcome;
pub use plan::plan;
pub use profile::profile_lint;
pub use profile::profile_list;
pub use profile::profile_new;
pub use profile::profile_show;

/// Writes one report as one object.
fn write(out: &mut dyn Write, report: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}
