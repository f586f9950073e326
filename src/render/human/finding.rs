//! What became of rules, as several reports tell it.

use std::io;
use std::io::Write;

use crate::advise::Finding;
use crate::advise::Report;
use crate::advise::Status;
use crate::advise::Target;
use crate::facts::BootLoader;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::Host;
use crate::facts::Loader;
use crate::facts::boot::default_value;
use crate::profile::Clash;
use crate::profile::Rule;
use crate::render::CheckView;
use crate::render::escape;
use crate::render::human::count;
use crate::render::human::value_text;
use crate::render::style;

/// At most so many lines about one setting are listed for people.
const MOST_LINES: usize = 5;

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

pub(super) fn write_finding(
    out: &mut dyn Write,
    finding: &Finding<'_>,
    view: CheckView<'_>,
) -> io::Result<()> {
    let rule = finding.rule.rule;
    let status = finding.status.name();
    let differs = finding.status.live_differs() || finding.status.boot_differs();
    let label = if differs { style::bad(status) } else { style::doubt(status) };
    let key = style::strong(rule.key.as_str());
    let note = if rule.setting.is_catalogued() { "" } else { ", uncatalogued" };
    writeln!(out, "\n{label}  {key}  ({}, {}{note})", rule.level, finding.rule.profile())?;
    write!(out, "    wanted {}", escape(&rule.constraint.to_string()))?;
    let told = finding.reason.is_none() || differs;
    let live = finding.live.state.value();
    if view.target != Target::Boot && (told || live.is_some()) {
        write!(out, ", live {}", value_text(live))?;
    }
    if told && view.target != Target::Live {
        let boot = finding.next_boot(view.subject.host);
        write!(out, ", boot {}", boot_text(&boot, rule, view.subject.host))?;
    }
    match &finding.reason {
        Some(reason) => writeln!(out, "; {}", escape(reason))?,
        None => writeln!(out)?,
    }
    if view.target != Target::Live {
        write_boot(out, finding, view.subject.host)?;
    }
    writeln!(out, "    {}", style::faint(&escape(&rule.why)))
}

/// `30 (/etc/sysctl.d/50-a.conf:3)`.
fn boot_text(boot: &BootValue, rule: &Rule, host: &Host) -> String {
    match (&boot.state, &boot.origin) {
        (BootState::Present(value), Some(origin)) => {
            format!("{} ({})", value_text(Some(value)), escape(&origin.to_string()))
        }
        (BootState::Present(value), None) => value_text(Some(value)),
        (BootState::Default, _) => match default_value(rule.setting, host.version) {
            Some(value) => format!("{} (the default; no file sets it)", value_text(Some(&value.to_string()))),
            None => "the kernel's default (no file sets it)".into(),
        },
        (BootState::Unreadable(why) | BootState::Unknown(why), _) => format!("not known: {}", escape(why)),
    }
}

/// The lines that do not win, and what the other loader makes of the files.
fn write_boot(out: &mut dyn Write, finding: &Finding<'_>, host: &Host) -> io::Result<()> {
    let (rule, boot) = (finding.rule.rule, finding.next_boot(host));
    for (line, why) in boot.refused.iter().take(MOST_LINES) {
        let origin = escape(&line.origin.to_string());
        writeln!(out, "    refused by the kernel: `{}` in {origin}: {}", escape(&line.value), escape(why))?;
    }
    for line in boot.shadowed.iter().rev().take(MOST_LINES) {
        let origin = escape(&line.origin.to_string());
        writeln!(out, "    shadowed: {} ({origin})", value_text(Some(&line.value)))?;
    }
    if let Some(more) = boot.shadowed.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        writeln!(out, "    shadowed: {more} more; `--format json` lists them")?;
    }
    for loader in Loader::ALL {
        let other = finding.boot.under(loader);
        if host.boot_loader != BootLoader::Is(loader) && other.state != boot.state {
            let command = match loader {
                Loader::SystemdSysctl => "systemd-sysctl",
                Loader::Procps => "`sysctl --system`",
            };
            writeln!(out, "    {command} would make it {}", boot_text(other, rule, host))?;
        }
    }
    Ok(())
}

pub(super) fn summary(report: &Report<'_>, target: Target) -> String {
    let summary = report.summary();
    let parts: Vec<String> = summary
        .iter()
        .map(|(status, number)| match status {
            Status::Ok => style::good(&format!("{number} ok")).to_string(),
            Status::LiveDiffers | Status::BootDiffers | Status::BothDiffer => {
                style::bad(&differing(*status, *number, target)).to_string()
            }
            Status::Excepted => format!("{number} excepted"),
            Status::NotApplicable => format!("{number} not applicable"),
            Status::PendingReboot => style::doubt(&format!("{number} met after a reboot")).to_string(),
            Status::Unreadable | Status::Unknown => style::doubt(&format!("{number} {status}")).to_string(),
        })
        .collect();
    if parts.is_empty() { "no rule counts here".into() } else { parts.join(", ") }
}

fn differing(status: Status, number: usize, target: Target) -> String {
    let rules = count(number, "rule differs", "rules differ");
    match status {
        Status::BothDiffer => format!("{rules} now and at boot"),
        Status::BootDiffers => format!("{rules} at boot"),
        _ if target == Target::Both => format!("{rules} now"),
        _ => rules,
    }
}
