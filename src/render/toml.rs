//! Profiles as TOML: what `profile new` writes.

use std::io;
use std::io::Write;

use crate::advise::ImportedLine;
use crate::render::escape;

/// Writes a profile of the lines of a foreign file. What harms, does nothing or cannot be said is there as a comment,
/// with the reason.
///
/// # Errors
/// The writer's.
pub fn imported(out: &mut dyn Write, name: &str, file: &str, lines: &[ImportedLine]) -> io::Result<()> {
    let file = escape(file);
    let shown = file.replace('\\', "\\\\").replace('"', "\\\"");
    writeln!(out, "schema = 1\nname = \"{name}\"\nsummary = \"Taken over from {shown}\"")?;
    for line in lines {
        let (number, key, value) = (line.number, escape(&line.key), escape(&line.value));
        let sets = if value.is_empty() { "" } else { " = " };
        writeln!(out, "\n# line {number}: {key}{sets}{value}")?;
        if let Some(why) = &line.why {
            writeln!(out, "# {}: {}", line.judgement.name(), escape(why))?;
        }
        let Some(rule) = &line.rule else { continue };
        let mark = if line.judgement.is_taken() { "" } else { "# " };
        writeln!(out, "{mark}[[rule]]\n{mark}key = \"{}\"\n{mark}{}", rule.key, rule.constraint)?;
        if rule.uncatalogued {
            writeln!(out, "{mark}uncatalogued = true")?;
        }
        writeln!(out, "{mark}why = \"Line {number} of {shown} sets it.\"")?;
    }
    Ok(())
}

/// Writes a profile to begin with.
///
/// # Errors
/// The writer's.
pub fn skeleton(out: &mut dyn Write, name: &str) -> io::Result<()> {
    write!(
        out,
        "schema = 1
name = \"{name}\"
summary = \"One line on whom it is for\"
extends = [\"general\"]

# One rule for each setting. `twtune explain KEY` tells about a setting, `twtune profile lint FILE` checks this file.
# A rule has one of: want, at_least, at_most, one_of, between, covers, absent.
# [[rule]]
# key = \"net.core.somaxconn\"
# at_least = 8192
# level = \"recommended\"              # or required
# when = \"linux >= 5.4 and mem >= 4GiB\"
# why = \"One sentence for whoever approves the change.\"
# source = \"https://\"
"
    )
}
