//! What a check found in the other network namespaces of the machine. Containers are often alike, so those of which
//! the same is to be said are told together.

use std::io;
use std::io::Write;

use crate::advise::Finding;
use crate::advise::NamespaceFindings;
use crate::advise::Report;
use crate::advise::Status;
use crate::advise::Target;
use crate::render::CheckView;
use crate::render::escape;
use crate::render::human::finding::summary;
use crate::render::human::finding::write_finding;
use crate::render::style;

/// At most so many namespaces are named at a time.
const MOST_NAMES: usize = 10;

pub(super) fn write(out: &mut dyn Write, view: CheckView<'_>) -> io::Result<()> {
    let all = view.elsewhere;
    let mut groups: Vec<Vec<&NamespaceFindings<'_>>> = Vec::new();
    for one in all {
        match groups.iter_mut().find(|group| alike(&group[0].report, &one.report)) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    for group in &groups {
        writeln!(out, "\nin {}:", named(group.iter().map(|one| one.name.as_str())))?;
        let report = &group[0].report;
        if let Some(why) = obstacle(report) {
            writeln!(out, "\n{}  {}", style::doubt(Status::Unreadable.name()), escape(why))?;
        } else {
            for finding in unmet(report) {
                write_finding(out, finding, CheckView { report, target: Target::Live, ..view })?;
            }
        }
        writeln!(out, "{}{}", if report.is_met() { "" } else { "\n" }, summary(report, Target::Live))?;
    }
    if all.iter().any(|one| !one.report.is_met()) {
        writeln!(out, "`twtune plan --netns NAME` or `--pid PID` shows what would be changed there")?;
    }
    Ok(())
}

/// `the network namespace blue`, `12 network namespaces (blue, green and 10 more)`.
pub(super) fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    let shown: Vec<String> =
        names.take(MOST_NAMES).map(|name| style::strong(&escape(name)).to_string()).collect();
    let shown = shown.join(", ");
    match count.checked_sub(MOST_NAMES) {
        _ if count == 1 => format!("the network namespace {shown}"),
        None | Some(0) => format!("{count} network namespaces ({shown})"),
        Some(rest) => format!("{count} network namespaces ({shown} and {rest} more)"),
    }
}

fn unmet<'a>(report: &'a Report<'a>) -> impl Iterator<Item = &'a Finding<'a>> {
    report.findings.iter().filter(|finding| !finding.status.is_met())
}

/// What stands in the way of all rules that are not met, where it is the same for several.
fn obstacle<'a>(report: &'a Report<'a>) -> Option<&'a str> {
    let why =
        |finding: &'a Finding<'a>| finding.reason.as_deref().filter(|_| finding.status == Status::Unreadable);
    let mut all = unmet(report).map(why);
    let first = all.next()??;
    let mut rest = all.peekable();
    (rest.peek().is_some() && rest.all(|why| why == Some(first))).then_some(first)
}

/// Whether there is the same to be said of both.
fn alike(one: &Report<'_>, other: &Report<'_>) -> bool {
    let said = |finding: &Finding<'_>| {
        let value = finding.live.state.value().map(ToOwned::to_owned);
        (finding.rule.rule.key.clone(), finding.status, value, finding.reason.clone())
    };
    one.summary() == other.summary() && unmet(one).map(said).eq(unmet(other).map(said))
}
