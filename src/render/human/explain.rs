//! What is known of a setting.

use std::fmt::Display;
use std::io;
use std::io::Write;

use crate::render::style;
use crate::setting::Key;
use crate::setting::Setting;
use crate::setting::Version;

/// Writes what is known of a setting.
///
/// # Errors
/// The writer's.
pub fn explain(out: &mut dyn Write, key: &Key, setting: &Setting) -> io::Result<()> {
    writeln!(out, "{}\n\n{}\n", style::strong(key.as_str()), setting.semantics)?;
    let os = setting.os().title();
    let mut fact = |name: &str, value: &str| writeln!(out, "  {:<10}{value}", style::faint(name));
    fact("value", &format!("{}, {}", setting.kind.describe(), setting.unit))?;
    fact("default", &dated(os, setting.defaults))?;
    fact("accepts", &dated(os, setting.accepts))?;
    if setting.since > Version::ZERO || setting.until.is_some() {
        let since = (setting.since > Version::ZERO).then(|| format!("since {os} {}", setting.since));
        let until = setting.until.map(|until| format!("gone since {os} {until}"));
        fact("versions", &since.into_iter().chain(until).collect::<Vec<_>>().join(", "))?;
    }
    fact("scope", &setting.scope.to_string())?;
    fact("counts", &setting.effect.to_string())?;
    if !setting.also_changes.is_empty() {
        fact("resets", &setting.also_changes.join(", "))?;
    }
    fact("risk", &format!("{}: {}", setting.risk.level, setting.risk.note))?;
    writeln!(out, "\n  sources")?;
    for source in setting.sources {
        writeln!(out, "    {source}")?;
    }
    Ok(())
}

/// `2 (since Linux 4.19), before that 0`.
fn dated(os: &str, facts: &[(Version, impl Display)]) -> String {
    if facts.is_empty() {
        return "not known".into();
    }
    let texts = facts.iter().rev().map(|(since, value)| {
        if *since > Version::ZERO { format!("{value} (since {os} {since})") } else { value.to_string() }
    });
    texts.collect::<Vec<_>>().join(", before that ")
}
