//! What a check found.

use std::io;
use std::io::Write;

use crate::advise::Status;
use crate::render::CheckView;
use crate::render::human::concern::write_concern;
use crate::render::human::elsewhere;
use crate::render::human::finding::summary;
use crate::render::human::finding::write_aside;
use crate::render::human::finding::write_clashes;
use crate::render::human::finding::write_finding;
use crate::render::human::host_line;
use crate::render::human::write_left_out;
use crate::render::style;

/// Writes the report of a check.
///
/// # Errors
/// The writer's.
pub fn check(out: &mut dyn Write, view: CheckView<'_>) -> io::Result<()> {
    let CheckView { subject, report, .. } = view;
    let profiles = subject.profiles.join(" ");
    writeln!(out, "{} held against {}", host_line(subject), style::strong(&profiles))?;
    for finding in report.findings.iter().filter(|finding| !finding.status.is_met()) {
        write_finding(out, finding, view)?;
    }
    for (status, title) in [
        (Status::PendingReboot, "met, and pending a reboot:"),
        (Status::Excepted, "differs, and does not count for now:"),
        (Status::NotApplicable, "not applicable here:"),
    ] {
        write_aside(out, report, status, title)?;
    }
    for concern in view.concerns {
        write_concern(out, concern)?;
    }
    write_clashes(out, &report.clashes)?;
    writeln!(out, "\n{}", summary(report, view.target))?;
    write_left_out(out, subject.host, report.is_met(), view.boot_left_out)?;
    if !report.is_met() {
        writeln!(
            out,
            "`twtune plan` with the same arguments shows what would be changed, `twtune explain KEY` the facts"
        )?;
    }
    elsewhere::write(out, view)
}
