//! `twtune.lab/1`.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::facts::Host;
use crate::lab;
use crate::lab::Experiment;
use crate::lab::Finding;
use crate::lab::Measured;
use crate::lab::Verdict;
use crate::render::LoadView;
use crate::render::json::host::HostReport;
use crate::render::json::write;

#[derive(Serialize)]
struct LabReport<'a> {
    schema: &'static str,
    host: HostReport,
    experiments: Vec<ExperimentReport<'a>>,
}

#[derive(Serialize)]
struct ExperimentReport<'a> {
    name: &'a str,
    claim: &'a str,
    method: &'a str,
    /// What this kernel version should give.
    expected: Option<&'a str>,
    /// None where it was not run.
    verdict: Option<&'a str>,
    evidence: BTreeMap<&'a str, &'a str>,
    why: Option<&'a str>,
    proves: &'a [&'a str],
    seconds: u32,
}

impl<'a> ExperimentReport<'a> {
    fn of(host: &Host, experiment: &'a Experiment) -> Self {
        let expected = host.version.and_then(|version| experiment.expected_in(version));
        Self {
            name: experiment.name,
            claim: experiment.claim,
            method: experiment.method,
            expected: expected.map(Verdict::name),
            verdict: None,
            evidence: BTreeMap::new(),
            why: None,
            proves: experiment.proves,
            seconds: experiment.seconds,
        }
    }

    fn found(host: &Host, finding: &'a Finding) -> Self {
        let evidence = finding.evidence.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            verdict: Some(finding.verdict.name()),
            evidence: evidence.collect(),
            why: Some(&finding.why),
            ..Self::of(host, finding.experiment)
        }
    }
}

/// The names of the experiments that prove what was said about a setting, a check or a concept.
pub(super) fn experiments(topic: &str) -> Vec<&'static str> {
    lab::experiments_about(topic).map(|experiment| experiment.name).collect()
}

/// Writes the experiments that there are.
///
/// # Errors
/// The writer's.
pub fn lab_list(out: &mut dyn Write, host: &Host, experiments: &[Experiment]) -> io::Result<()> {
    let experiments = experiments.iter().map(|experiment| ExperimentReport::of(host, experiment));
    report(out, host, experiments.collect())
}

/// Writes what experiments found.
///
/// # Errors
/// The writer's.
pub fn lab_run(out: &mut dyn Write, host: &Host, findings: &[Finding]) -> io::Result<()> {
    report(out, host, findings.iter().map(|finding| ExperimentReport::found(host, finding)).collect())
}

#[derive(Serialize)]
struct ProfileReport<'a> {
    schema: &'static str,
    host: HostReport,
    experiments: [(); 0],
    profiles: &'a [String],
    changes: Vec<ChangeReport<'a>>,
    comparisons: Vec<ComparisonReport<'a>>,
}

#[derive(Serialize)]
struct ChangeReport<'a> {
    key: &'a str,
    before: Option<&'a str>,
    after: &'a str,
    /// Whether it was in force where the profiles' values were measured.
    tried: bool,
}

#[derive(Serialize)]
struct ComparisonReport<'a> {
    load: &'a str,
    before: MeasuredReport,
    after: MeasuredReport,
}

#[derive(Serialize)]
struct MeasuredReport {
    connections: u64,
    milliseconds: u64,
    /// None where none failed.
    until_failure: Option<u64>,
    rate_until_failure: u64,
    sustained_rate: u64,
    failures: u64,
    time_wait: u64,
}

impl MeasuredReport {
    fn of(measured: &Measured) -> Self {
        Self {
            connections: measured.connections,
            milliseconds: measured.milliseconds,
            until_failure: measured.until_failure,
            rate_until_failure: measured.rate_until_failure,
            sustained_rate: measured.sustained_rate,
            failures: measured.failures,
            time_wait: measured.time_wait,
        }
    }
}

/// Writes what loads came to under both sets of values.
///
/// # Errors
/// The writer's.
pub fn lab_profile(out: &mut dyn Write, view: LoadView<'_>) -> io::Result<()> {
    let changes = view.changes.iter().map(|change| ChangeReport {
        key: &change.key,
        before: change.before.as_deref(),
        after: &change.after,
        tried: view.was_tried(change),
    });
    let comparisons = view.comparisons.iter().map(|comparison| ComparisonReport {
        load: comparison.workload.name(),
        before: MeasuredReport::of(&comparison.before),
        after: MeasuredReport::of(&comparison.after),
    });
    let report = ProfileReport {
        schema: "twtune.lab/1",
        host: HostReport::of(view.subject.host),
        experiments: [],
        profiles: view.subject.profiles,
        changes: changes.collect(),
        comparisons: comparisons.collect(),
    };
    write(out, &report)
}

fn report(out: &mut dyn Write, host: &Host, experiments: Vec<ExperimentReport<'_>>) -> io::Result<()> {
    write(out, &LabReport { schema: "twtune.lab/1", host: HostReport::of(host), experiments })
}
