//! `twtune.check/1`.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::advise::Finding;
use crate::advise::NamespaceFindings;
use crate::advise::Report;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::LiveState;
use crate::facts::Loader;
use crate::facts::Writable;
use crate::render::CheckView;
use crate::render::json::diagnose::ConcernReport;
use crate::render::json::host::HostReport;
use crate::render::json::plan::ClashReport;
use crate::render::json::plan::OverruledReport;
use crate::render::json::write;

#[derive(Serialize)]
struct CheckReport<'a> {
    schema: &'static str,
    host: HostReport,
    profiles: &'a [String],
    summary: BTreeMap<&'static str, usize>,
    findings: Vec<FindingReport<'a>>,
    overruled: Vec<OverruledReport<'a>>,
    clashes: Vec<ClashReport<'a>>,
    checks: Vec<ConcernReport<'a>>,
    /// The other network namespaces of the machine, where they were asked for.
    namespaces: Vec<NamespaceReport<'a>>,
}

#[derive(Serialize)]
struct NamespaceReport<'a> {
    id: Option<&'a str>,
    name: &'a str,
    processes: usize,
    summary: BTreeMap<&'static str, usize>,
    findings: Vec<FindingReport<'a>>,
    overruled: Vec<OverruledReport<'a>>,
}

impl<'a> NamespaceReport<'a> {
    fn of(elsewhere: &'a NamespaceFindings<'a>, host: &Host) -> Self {
        let report = &elsewhere.report;
        Self {
            id: elsewhere.id.as_deref(),
            name: &elsewhere.name,
            processes: elsewhere.processes,
            summary: summary(report),
            findings: findings(report, host),
            overruled: report.overruled.iter().map(OverruledReport::of).collect(),
        }
    }
}

fn summary(report: &Report<'_>) -> BTreeMap<&'static str, usize> {
    report.summary().into_iter().map(|(status, count)| (status.name(), count)).collect()
}

fn findings<'a>(report: &'a Report<'a>, host: &Host) -> Vec<FindingReport<'a>> {
    report.findings.iter().map(|finding| FindingReport::of(finding, host)).collect()
}

#[derive(Serialize)]
struct FindingReport<'a> {
    key: &'a str,
    profile: &'a str,
    level: String,
    rule: RuleReport,
    status: &'static str,
    reason: Option<&'a str>,
    proposed: Option<String>,
    why: &'a str,
    source: Option<&'a str>,
    scope: &'static str,
    catalogued: bool,
    live: LiveReport<'a>,
    boot: BootReport,
}

#[derive(Serialize)]
pub(super) struct RuleReport {
    kind: &'static str,
    value: Option<String>,
}

impl RuleReport {
    pub(super) fn of(constraint: &crate::profile::Constraint) -> Self {
        Self { kind: constraint.kind(), value: constraint.value() }
    }
}

#[derive(Serialize)]
struct LiveReport<'a> {
    state: &'static str,
    value: Option<&'a str>,
    writable: Option<bool>,
}

#[derive(Serialize)]
struct BootReport {
    #[serde(flatten)]
    own: LoaderReport,
    shadowed: Vec<ShadowedReport>,
    loaders: BTreeMap<&'static str, LoaderReport>,
}

#[derive(Serialize)]
struct LoaderReport {
    state: &'static str,
    value: Option<String>,
    file: Option<String>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct ShadowedReport {
    file: String,
    line: usize,
    value: String,
}

impl LoaderReport {
    fn of(boot: BootValue) -> Self {
        let (state, value) = match boot.state {
            BootState::Present(value) => ("present", Some(value)),
            BootState::Default => ("default", None),
            BootState::Unreadable(_) => ("unreadable", None),
            BootState::Unknown(_) => ("unknown", None),
        };
        let (file, line) = boot.origin.map(|origin| (origin.file, origin.line)).unzip();
        Self { state, value, file, line }
    }
}

impl BootReport {
    fn of(finding: &Finding<'_>, host: &Host) -> Self {
        let mut own = finding.next_boot(host);
        let shadowed = std::mem::take(&mut own.shadowed).into_iter().map(|line| ShadowedReport {
            file: line.origin.file,
            line: line.origin.line,
            value: line.value,
        });
        let loader = |loader: Loader| (loader.name(), LoaderReport::of(finding.boot.under(loader).clone()));
        Self {
            shadowed: shadowed.collect(),
            own: LoaderReport::of(own),
            loaders: Loader::ALL.map(loader).into(),
        }
    }
}

impl<'a> LiveReport<'a> {
    fn of(live: &'a LiveReading) -> Self {
        let (state, value) = match &live.state {
            LiveState::Present(value) => ("present", Some(value.as_str())),
            LiveState::Absent => ("absent", None),
            LiveState::Unreadable(_) => ("unreadable", None),
            LiveState::Unknown(_) => ("unknown", None),
        };
        Self { state, value, writable: live.writable.as_ref().map(|writable| *writable == Writable::Yes) }
    }
}

impl<'a> FindingReport<'a> {
    fn of(finding: &'a Finding<'a>, host: &Host) -> Self {
        let rule = finding.rule.rule;
        Self {
            key: rule.key.as_str(),
            profile: finding.rule.profile(),
            level: rule.level.to_string(),
            rule: RuleReport::of(&rule.constraint),
            status: finding.status.name(),
            reason: finding.reason.as_deref(),
            proposed: finding.proposed.as_ref().or(finding.proposed_boot.as_ref()).map(ToString::to_string),
            why: &rule.why,
            source: rule.source.as_deref(),
            scope: rule.setting.scope.name(),
            catalogued: rule.setting.is_catalogued(),
            live: LiveReport::of(&finding.live),
            boot: BootReport::of(finding, host),
        }
    }
}

/// Writes the report of a check.
///
/// # Errors
/// The writer's.
pub fn check(out: &mut dyn Write, view: CheckView<'_>) -> io::Result<()> {
    let CheckView { subject, report, .. } = view;
    write(
        out,
        &CheckReport {
            schema: "twtune.check/1",
            host: HostReport::of(subject.host),
            profiles: subject.profiles,
            summary: summary(report),
            findings: findings(report, subject.host),
            overruled: report.overruled.iter().map(OverruledReport::of).collect(),
            clashes: report.clashes.iter().copied().map(ClashReport::of).collect(),
            checks: view.concerns.iter().map(ConcernReport::of).collect(),
            namespaces: view.elsewhere.iter().map(|one| NamespaceReport::of(one, subject.host)).collect(),
        },
    )
}
