//! Plans as a file of sysctl.d.

use std::io;
use std::io::Write;

use crate::plan::boot_lines;
use crate::render::PlanView;
use crate::render::escape;
use crate::setting::PortSet;

/// Writes the lines that a boot needs to meet the profiles, each below the profile that wants it and its reason.
/// `reserved` are the ports that are reserved now.
///
/// # Errors
/// The writer's.
pub fn plan(out: &mut dyn Write, view: PlanView<'_>, reserved: &PortSet) -> io::Result<()> {
    writeln!(out, "# what the next boot needs to meet {}", view.subject.profiles.join(" "))?;
    for line in boot_lines(view.report, view.plan, reserved) {
        writeln!(out, "# {}: {}", line.profile, escape(&line.why))?;
        writeln!(out, "{} = {}", line.key, line.value)?;
    }
    for refusal in &view.plan.refused {
        writeln!(out, "# not changed on this host: {}: {}", refusal.key, escape(&refusal.reason))?;
    }
    Ok(())
}
