//! Profiles.

use std::io;
use std::io::Write;

use crate::advise::Overruled;
use crate::profile::Clash;
use crate::profile::Problem;
use crate::profile::Profile;
use crate::profile::RankedRule;
use crate::render::escape;
use crate::render::human::count;
use crate::render::style;

/// Writes the profiles that there are, a line each, and what is wrong with others.
///
/// # Errors
/// The writer's.
pub fn profile_list<'a>(
    out: &mut dyn Write,
    profiles: impl Iterator<Item = (&'a Profile, &'a str)>,
    problems: &[Problem],
) -> io::Result<()> {
    for (profile, _) in profiles {
        writeln!(out, "{:<16} {}", style::strong(&profile.name), escape(&profile.summary))?;
    }
    for problem in problems {
        writeln!(out, "{}: {}", style::doubt("faulty"), escape(&problem.to_string()))?;
    }
    Ok(())
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
    let profiles: Vec<_> = profiles.collect();
    for (profile, file) in &profiles {
        write!(out, "{}: {}", style::strong(&profile.name), escape(&profile.summary))?;
        if !profile.extends.is_empty() {
            write!(out, "; extends {}", escape(&profile.extends.join(", ")))?;
        }
        writeln!(out, " {}", style::faint(&format!("({})", escape(file))))?;
    }
    for ranked in rules {
        let rule = ranked.rule;
        let key = style::strong(rule.key.as_str());
        writeln!(
            out,
            "\n{key}  {}  ({}, {})",
            escape(&rule.constraint.to_string()),
            rule.level,
            ranked.profile()
        )?;
        if let Some(when) = &rule.when {
            writeln!(out, "    when {}", escape(&when.to_string()))?;
        }
        writeln!(out, "    {}", escape(&rule.why))?;
        if let Some(source) = &rule.source {
            writeln!(out, "    {}", style::faint(&escape(source)))?;
        }
        for lost in overruled.iter().filter(|lost| std::ptr::eq(lost.rule.rule, rule)) {
            let winner = lost.winner.profile();
            writeln!(out, "    overruled by {winner}: {}", escape(&lost.winner.rule.constraint.to_string()))?;
        }
    }
    for (profile, _) in &profiles {
        write_remarks(out, profile)?;
    }
    Ok(())
}

/// Writes what a profile advises against, and what it excepts.
fn write_remarks(out: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    if !profile.not_recommended.is_empty() {
        writeln!(out, "\nnot recommended  ({})", profile.name)?;
    }
    for advice in &profile.not_recommended {
        writeln!(out, "  {}", style::strong(&escape(&advice.what)))?;
        writeln!(out, "    {}", escape(&advice.why))?;
        if let Some(source) = &advice.source {
            writeln!(out, "    {}", style::faint(&escape(source)))?;
        }
    }
    for Clash { with, why } in &profile.clashes {
        writeln!(out, "\nclashes with {}  ({})\n    {}", escape(with), profile.name, escape(why))?;
    }
    for exception in &profile.exceptions {
        let (key, until, reason) = (&exception.key, exception.until, escape(&exception.reason));
        writeln!(out, "\nexcepted until {until}  {key}  ({})\n    {reason}", profile.name)?;
    }
    Ok(())
}

/// Writes that profiles are in order.
///
/// # Errors
/// The writer's.
pub fn profile_lint(out: &mut dyn Write, profiles: usize) -> io::Result<()> {
    writeln!(out, "{}: no problem found", count(profiles, "profile", "profiles"))
}
