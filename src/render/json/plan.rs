//! `twtune.plan/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::advise::Overruled;
use crate::advise::Report;
use crate::advise::Status;
use crate::plan::Change;
use crate::plan::Edit;
use crate::plan::Refusal;
use crate::profile::Clash;
use crate::render::PlanView;
use crate::render::json::host::HostReport;
use crate::render::json::write;

#[derive(Serialize)]
struct PlanReport<'a> {
    schema: &'static str,
    id: String,
    host: HostReport,
    profiles: &'a [String],
    reboot: bool,
    changes: Vec<ChangeReport<'a>>,
    edits: Vec<EditReport<'a>>,
    refused: Vec<RefusalReport<'a>>,
    overruled: Vec<OverruledReport<'a>>,
    excepted: Vec<ExceptedReport<'a>>,
    clashes: Vec<ClashReport<'a>>,
}

/// What is to be minded of two profiles that are used together.
#[derive(Serialize)]
pub(super) struct ClashReport<'a> {
    profile: &'a str,
    with: &'a str,
    why: &'a str,
}

impl<'a> ClashReport<'a> {
    pub(super) fn of((profile, clash): (&'a str, &'a Clash)) -> Self {
        Self { profile, with: &clash.with, why: &clash.why }
    }
}

/// A rule that is not met and does not count for now.
#[derive(Serialize)]
struct ExceptedReport<'a> {
    key: &'a str,
    profile: &'a str,
    reason: Option<&'a str>,
}

impl<'a> ExceptedReport<'a> {
    fn all(report: &'a Report<'a>) -> Vec<Self> {
        let excepted = report.findings.iter().filter(|finding| finding.status == Status::Excepted);
        let told = excepted.map(|finding| Self {
            key: finding.rule.rule.key.as_str(),
            profile: finding.rule.profile(),
            reason: finding.reason.as_deref(),
        });
        told.collect()
    }
}

#[derive(Serialize)]
struct ChangeReport<'a> {
    key: &'a str,
    target: String,
    before: Option<&'a str>,
    after: Option<&'a str>,
    risk: String,
    risk_note: &'static str,
    effect: &'static str,
    why: &'a str,
    profile: &'a str,
}

/// Lines of somebody else's file that are taken over.
#[derive(Serialize)]
struct EditReport<'a> {
    /// The file that is written.
    file: &'a str,
    /// The file that the lines are in: the same, or one that the new file hides.
    source: &'a str,
    lines: Vec<LineReport<'a>>,
}

#[derive(Serialize)]
struct LineReport<'a> {
    line: usize,
    key: &'a str,
}

impl<'a> EditReport<'a> {
    fn of(edit: &'a Edit) -> Self {
        let lines = edit.lines.iter().map(|(line, key)| LineReport { line: *line, key: key.as_str() });
        Self { file: &edit.path, source: &edit.source, lines: lines.collect() }
    }
}

#[derive(Serialize)]
pub(super) struct RefusalReport<'a> {
    key: &'a str,
    target: String,
    reason: &'a str,
}

impl<'a> RefusalReport<'a> {
    pub(super) fn of(refusal: &'a Refusal) -> Self {
        Self { key: refusal.key.as_str(), target: refusal.target.to_string(), reason: &refusal.reason }
    }
}

/// A rule that lost, and the one that won.
#[derive(Serialize)]
pub(super) struct OverruledReport<'a> {
    key: &'a str,
    profile: &'a str,
    rule: String,
    by_profile: &'a str,
    by_rule: String,
}

impl<'a> OverruledReport<'a> {
    pub(super) fn of(overruled: &'a Overruled<'a>) -> Self {
        Self {
            key: overruled.rule.rule.key.as_str(),
            profile: overruled.rule.profile(),
            rule: overruled.rule.rule.constraint.to_string(),
            by_profile: overruled.winner.profile(),
            by_rule: overruled.winner.rule.constraint.to_string(),
        }
    }
}

impl<'a> ChangeReport<'a> {
    fn of(change: &'a Change, view: PlanView<'_>) -> Self {
        let risk = change.risk(view.subject.host, view.report);
        Self {
            key: change.key.as_str(),
            target: change.target.to_string(),
            before: change.before.as_deref(),
            after: change.after.as_deref(),
            risk: risk.level.to_string(),
            risk_note: risk.note,
            effect: change.setting.effect.name(),
            why: &change.why,
            profile: &change.profile,
        }
    }
}

/// Writes a plan.
///
/// # Errors
/// The writer's.
pub fn plan(out: &mut dyn Write, view: PlanView<'_>) -> io::Result<()> {
    write(
        out,
        &PlanReport {
            schema: "twtune.plan/1",
            id: view.plan.id(view.subject.host.identity.as_ref()),
            host: HostReport::of(view.subject.host),
            profiles: view.subject.profiles,
            reboot: view.plan.needs_reboot(),
            changes: view.plan.changes.iter().map(|change| ChangeReport::of(change, view)).collect(),
            edits: view.plan.edits.iter().map(EditReport::of).collect(),
            refused: view.plan.refused.iter().map(RefusalReport::of).collect(),
            overruled: view.report.overruled.iter().map(OverruledReport::of).collect(),
            excepted: ExceptedReport::all(view.report),
            clashes: view.report.clashes.iter().copied().map(ClashReport::of).collect(),
        },
    )
}
