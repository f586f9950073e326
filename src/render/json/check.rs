//! `twtune.check/1`.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::advise::Finding;
use crate::advise::Report;
use crate::facts::LiveReading;
use crate::facts::LiveState;
use crate::facts::Writable;
use crate::render::Subject;
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
    /// Tests of evidence; there are none yet.
    checks: [(); 0],
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

/// Boot files are not read yet, and the report says so.
#[derive(Serialize)]
struct BootReport {
    state: &'static str,
    value: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    shadowed: [(); 0],
    loaders: BTreeMap<&'static str, LoaderReport>,
}

#[derive(Serialize)]
struct LoaderReport {
    state: &'static str,
    value: Option<String>,
    file: Option<String>,
    line: Option<usize>,
}

impl BootReport {
    fn unknown() -> Self {
        let loader = |name| (name, LoaderReport { state: "unknown", value: None, file: None, line: None });
        Self {
            state: "unknown",
            value: None,
            file: None,
            line: None,
            shadowed: [],
            loaders: ["systemd-sysctl", "procps"].map(loader).into(),
        }
    }
}

impl<'a> LiveReport<'a> {
    fn of(live: &'a LiveReading) -> Self {
        let (state, value) = match &live.state {
            LiveState::Present(value) => ("present", Some(value.as_str())),
            LiveState::Absent => ("absent", None),
            LiveState::Unreadable(_) => ("unreadable", None),
        };
        Self { state, value, writable: live.writable.as_ref().map(|writable| *writable == Writable::Yes) }
    }
}

impl<'a> FindingReport<'a> {
    fn of(finding: &'a Finding<'a>) -> Self {
        let rule = finding.rule.rule;
        Self {
            key: rule.key.as_str(),
            profile: finding.rule.profile(),
            level: rule.level.to_string(),
            rule: RuleReport::of(&rule.constraint),
            status: finding.status.name(),
            reason: finding.reason.as_deref(),
            proposed: finding.proposed.as_ref().map(ToString::to_string),
            why: &rule.why,
            source: rule.source.as_deref(),
            scope: rule.setting.scope.name(),
            catalogued: rule.setting.is_catalogued(),
            live: LiveReport::of(&finding.live),
            boot: BootReport::unknown(),
        }
    }
}

/// Writes the report of a check.
///
/// # Errors
/// The writer's.
pub fn check(out: &mut dyn Write, subject: Subject<'_>, report: &Report<'_>) -> io::Result<()> {
    write(
        out,
        &CheckReport {
            schema: "twtune.check/1",
            host: HostReport::of(subject.host),
            profiles: subject.profiles,
            summary: report.summary().into_iter().map(|(status, count)| (status.name(), count)).collect(),
            findings: report.findings.iter().map(FindingReport::of).collect(),
            overruled: report.overruled.iter().map(OverruledReport::of).collect(),
            clashes: report.clashes.iter().copied().map(ClashReport::of).collect(),
            checks: [],
        },
    )
}
