//! `twtune.lab/1`.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::facts::Host;
use crate::lab::Experiment;
use crate::lab::Finding;
use crate::lab::Verdict;
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

fn report(out: &mut dyn Write, host: &Host, experiments: Vec<ExperimentReport<'_>>) -> io::Result<()> {
    write(out, &LabReport { schema: "twtune.lab/1", host: HostReport::of(host), experiments })
}
