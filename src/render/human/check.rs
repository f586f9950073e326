//! What a check found.

use std::io;
use std::io::Write;

use crate::advise::Finding;
use crate::advise::Report;
use crate::advise::Status;
use crate::profile::Clash;
use crate::render::Subject;
use crate::render::escape;
use crate::render::human::count;
use crate::render::human::host_line;
use crate::render::human::value_text;
use crate::render::style;

/// Writes the report of a check.
///
/// # Errors
/// The writer's.
pub fn check(out: &mut dyn Write, subject: Subject<'_>, report: &Report<'_>) -> io::Result<()> {
    let profiles = subject.profiles.join(" ");
    writeln!(out, "{} held against {}", host_line(subject), style::strong(&profiles))?;
    for finding in report.findings.iter().filter(|finding| !finding.status.is_met()) {
        write_finding(out, finding)?;
    }
    for (status, title) in [
        (Status::PendingReboot, "met, and pending a reboot:"),
        (Status::Excepted, "differs, and does not count for now:"),
        (Status::NotApplicable, "not applicable here:"),
    ] {
        write_aside(out, report, status, title)?;
    }
    write_clashes(out, &report.clashes)?;
    writeln!(out, "\n{}", summary(report))?;
    if !report.is_met() {
        writeln!(
            out,
            "`twtune plan` with the same arguments shows what would be changed, `twtune explain KEY` the facts"
        )?;
    }
    Ok(())
}

/// Writes what is to be minded because of profiles that are used together.
pub(super) fn write_clashes(out: &mut dyn Write, clashes: &[(&str, &Clash)]) -> io::Result<()> {
    for (profile, clash) in clashes {
        let label = style::doubt("clash");
        writeln!(out, "\n{label}  {profile} and {}: {}", escape(&clash.with), escape(&clash.why))?;
    }
    Ok(())
}

/// Writes the findings of this status, a line each.
pub(super) fn write_aside(
    out: &mut dyn Write,
    report: &Report<'_>,
    status: Status,
    title: &str,
) -> io::Result<()> {
    let mut aside = report.findings.iter().filter(|finding| finding.status == status).peekable();
    if aside.peek().is_some() {
        writeln!(out, "\n{title}")?;
    }
    for finding in aside {
        let reason = finding.reason.as_deref().unwrap_or_default();
        writeln!(out, "  {}: {}", finding.rule.rule.key, style::faint(&escape(reason)))?;
    }
    Ok(())
}

fn write_finding(out: &mut dyn Write, finding: &Finding<'_>) -> io::Result<()> {
    let rule = finding.rule.rule;
    let status = finding.status.name();
    let label = match finding.status {
        Status::LiveDiffers => style::bad(status),
        _ => style::doubt(status),
    };
    let key = style::strong(rule.key.as_str());
    let note = if rule.setting.is_catalogued() { "" } else { ", uncatalogued" };
    writeln!(out, "\n{label}  {key}  ({}, {}{note})", rule.level, finding.rule.profile())?;
    write!(out, "    wanted {}", escape(&rule.constraint.to_string()))?;
    if finding.proposed.is_some() || finding.reason.is_none() {
        write!(out, ", live {}", value_text(finding.live.state.value()))?;
    }
    match &finding.reason {
        Some(reason) => writeln!(out, "; {}", escape(reason))?,
        None => writeln!(out)?,
    }
    writeln!(out, "    {}", style::faint(&escape(&rule.why)))
}

fn summary(report: &Report<'_>) -> String {
    let summary = report.summary();
    let parts: Vec<String> = summary
        .iter()
        .map(|(status, number)| match status {
            Status::Ok => style::good(&format!("{number} ok")).to_string(),
            Status::LiveDiffers => style::bad(&count(*number, "rule differs", "rules differ")).to_string(),
            Status::Excepted => format!("{number} excepted"),
            Status::NotApplicable => format!("{number} not applicable"),
            Status::PendingReboot => style::doubt(&format!("{number} met after a reboot")).to_string(),
            Status::Unreadable | Status::Unknown => style::doubt(&format!("{number} {status}")).to_string(),
        })
        .collect();
    if parts.is_empty() { "no rule counts here".into() } else { parts.join(", ") }
}
