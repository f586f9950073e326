//! `twtune.profile/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::advise::ImportedLine;
use crate::advise::Overruled;
use crate::profile::Problem;
use crate::profile::Profile;
use crate::profile::RankedRule;
use crate::render::json::check::RuleReport;
use crate::render::json::error::ProblemReport;
use crate::render::json::plan::ClashReport;
use crate::render::json::plan::OverruledReport;
use crate::render::json::write;

#[derive(Serialize)]
struct ListReport<'a> {
    schema: &'static str,
    profiles: Vec<ProfileReport<'a>>,
    problems: Vec<ProblemReport<'a>>,
}

#[derive(Serialize)]
struct ShowReport<'a> {
    schema: &'static str,
    profiles: Vec<ProfileReport<'a>>,
    rules: Vec<RankedReport<'a>>,
    overruled: Vec<OverruledReport<'a>>,
    not_recommended: Vec<NotRecommendedReport<'a>>,
    clashes: Vec<ClashReport<'a>>,
    exceptions: Vec<ExceptionReport<'a>>,
}

#[derive(Serialize)]
struct NotRecommendedReport<'a> {
    profile: &'a str,
    what: &'a str,
    why: &'a str,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct ExceptionReport<'a> {
    profile: &'a str,
    key: &'a str,
    reason: &'a str,
    until: String,
}

#[derive(Serialize)]
struct ProfileReport<'a> {
    name: &'a str,
    summary: &'a str,
    extends: &'a [String],
    file: &'a str,
}

#[derive(Serialize)]
struct RankedReport<'a> {
    key: &'a str,
    profile: &'a str,
    level: String,
    rule: RuleReport,
    when: Option<String>,
    why: &'a str,
    source: Option<&'a str>,
}

fn profile_report<'a>((profile, file): (&'a Profile, &'a str)) -> ProfileReport<'a> {
    ProfileReport { name: &profile.name, summary: &profile.summary, extends: &profile.extends, file }
}

/// Writes the profiles that there are, each with the file that it comes from, and what is wrong with others.
///
/// # Errors
/// The writer's.
pub fn profile_list<'a>(
    out: &mut dyn Write,
    profiles: impl Iterator<Item = (&'a Profile, &'a str)>,
    problems: &'a [Problem],
) -> io::Result<()> {
    let profiles = profiles.map(profile_report).collect();
    let problems = problems.iter().map(ProblemReport::of).collect();
    write(out, &ListReport { schema: "twtune.profile/1", profiles, problems })
}

/// Writes profiles with all their rules, those that win first.
///
/// # Errors
/// The writer's.
pub fn profile_show<'a>(
    out: &mut dyn Write,
    profiles: impl Iterator<Item = (&'a Profile, &'a str)>,
    rules: &[RankedRule<'_>],
    overruled: &[Overruled<'_>],
) -> io::Result<()> {
    let rules = rules.iter().map(|ranked| RankedReport {
        key: ranked.rule.key.as_str(),
        profile: ranked.profile(),
        level: ranked.rule.level.to_string(),
        rule: RuleReport::of(&ranked.rule.constraint),
        when: ranked.rule.when.as_ref().map(ToString::to_string),
        why: &ranked.rule.why,
        source: ranked.rule.source.as_deref(),
    });
    let profiles: Vec<_> = profiles.collect();
    let advice = profiles.iter().flat_map(|(profile, _)| {
        profile.not_recommended.iter().map(|advice| NotRecommendedReport {
            profile: &profile.name,
            what: &advice.what,
            why: &advice.why,
            source: advice.source.as_deref(),
        })
    });
    let clashes = profiles
        .iter()
        .flat_map(|(profile, _)| profile.clashes.iter().map(|clash| ClashReport::of((&profile.name, clash))));
    let exceptions = profiles.iter().flat_map(|(profile, _)| {
        profile.exceptions.iter().map(|exception| ExceptionReport {
            profile: &profile.name,
            key: exception.key.as_str(),
            reason: &exception.reason,
            until: exception.until.to_string(),
        })
    });
    write(
        out,
        &ShowReport {
            schema: "twtune.profile/1",
            not_recommended: advice.collect(),
            clashes: clashes.collect(),
            exceptions: exceptions.collect(),
            profiles: profiles.iter().copied().map(profile_report).collect(),
            rules: rules.collect(),
            overruled: overruled.iter().map(OverruledReport::of).collect(),
        },
    )
}

#[derive(Serialize)]
struct LintReport<'a> {
    schema: &'static str,
    linted: &'a [String],
    problems: [(); 0],
}

/// Writes that profiles are in order; faulty ones are an error.
///
/// # Errors
/// The writer's.
pub fn profile_lint(out: &mut dyn Write, profiles: &[String]) -> io::Result<()> {
    write(out, &LintReport { schema: "twtune.profile/1", linted: profiles, problems: [] })
}

#[derive(Serialize)]
struct NewReport<'a> {
    schema: &'static str,
    name: &'a str,
    text: &'a str,
    lines: Vec<LineReport<'a>>,
}

/// A line of a foreign file.
#[derive(Serialize)]
struct LineReport<'a> {
    line: usize,
    key: &'a str,
    value: &'a str,
    judgement: &'static str,
    why: Option<&'a str>,
    taken: bool,
}

/// Writes a new profile, and what was made of each line of the file that it comes from.
///
/// # Errors
/// The writer's.
pub fn profile_new(out: &mut dyn Write, name: &str, text: &str, lines: &[ImportedLine]) -> io::Result<()> {
    let lines = lines.iter().map(|line| LineReport {
        line: line.number,
        key: &line.key,
        value: &line.value,
        judgement: line.judgement.name(),
        why: line.why.as_deref(),
        taken: line.judgement.is_taken() && line.rule.is_some(),
    });
    write(out, &NewReport { schema: "twtune.profile/1", name, text, lines: lines.collect() })
}
