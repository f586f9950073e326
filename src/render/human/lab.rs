//! What the lab has to offer, and what it found.

use std::io;
use std::io::Write;

use crate::facts::Host;
use crate::lab;
use crate::lab::Experiment;
use crate::lab::Finding;
use crate::lab::Verdict;
use crate::render::Subject;
use crate::render::escape;
use crate::render::human::host_line;
use crate::render::style;

/// Writes the experiments, and the claim of each.
///
/// # Errors
/// The writer's.
pub fn lab_list(out: &mut dyn Write, experiments: &[Experiment]) -> io::Result<()> {
    for experiment in experiments {
        let Experiment { name, seconds, .. } = experiment;
        writeln!(out, "{} {}", style::strong(name), style::faint(&format!("(about {seconds} s)")))?;
        writeln!(out, "    {}", claim(experiment))?;
    }
    Ok(())
}

/// The claim, and whether it is one that people believe in vain.
pub(super) fn claim(experiment: &Experiment) -> String {
    let end = if experiment.is_refuted() { " (refuted)" } else { "" };
    format!("{}{end}", experiment.claim)
}

/// Writes which experiments prove what was said about a setting, a check or a concept.
pub(super) fn write_proofs(out: &mut dyn Write, topic: &str, indent: &str) -> io::Result<()> {
    let (refuted, confirmed): (Vec<_>, Vec<_>) =
        lab::experiments_about(topic).partition(|experiment| experiment.is_refuted());
    for (what, experiments) in [("proved by", confirmed), ("what people believe, refuted by", refuted)] {
        let names: Vec<&str> = experiments.iter().map(|experiment| experiment.name).collect();
        if !names.is_empty() {
            writeln!(out, "{indent}{what} `twtune lab run {}`", names.join(" "))?;
        }
    }
    Ok(())
}

/// Writes what experiments found.
///
/// # Errors
/// The writer's.
pub fn lab_run(out: &mut dyn Write, host: &Host, findings: &[Finding]) -> io::Result<()> {
    let subject = Subject { host, profiles: &[] };
    writeln!(out, "{}: tried in namespaces of their own", host_line(subject))?;
    for finding in findings {
        write_finding(out, host, finding)?;
    }
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (confirmed, refuted) = (count(Verdict::Confirmed), count(Verdict::Refuted));
    writeln!(
        out,
        "\n{confirmed} confirmed, {refuted} refuted, {} not testable here",
        count(Verdict::NotTestable)
    )
}

fn write_finding(out: &mut dyn Write, host: &Host, finding: &Finding) -> io::Result<()> {
    let experiment = finding.experiment;
    let label = match finding.verdict {
        Verdict::Confirmed => style::good("confirmed"),
        Verdict::Refuted => style::bad("refuted"),
        Verdict::NotTestable => style::doubt("not testable"),
    };
    writeln!(out, "\n{label}  {}", style::strong(experiment.name))?;
    writeln!(out, "    claim   {}", experiment.claim)?;
    writeln!(out, "    method  {}", experiment.method)?;
    for (name, value) in &finding.evidence {
        writeln!(out, "      {}  {}", style::faint(name), escape(value))?;
    }
    writeln!(out, "    so      {}", escape(&finding.why))?;
    let expected = host.version.and_then(|version| experiment.expected_in(version));
    if let Some(expected) = expected.filter(|expected| *expected != finding.verdict) {
        writeln!(out, "    {}", style::doubt(&format!("not what was expected of this kernel: {expected}")))?;
    }
    Ok(())
}
