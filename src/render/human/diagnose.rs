//! What the evidence of network namespaces means.

use std::io;
use std::io::Write;

use crate::advise::Diagnosis;
use crate::advise::Headroom;
use crate::advise::checks::Severity;
use crate::facts::Destination;
use crate::facts::Host;
use crate::facts::State;
use crate::render::Subject;
use crate::render::escape;
use crate::render::human::concern::are_alike;
use crate::render::human::concern::write_concerns;
use crate::render::human::count;
use crate::render::human::elsewhere::named;
use crate::render::human::host_line;
use crate::render::style;

/// Writes what the evidence means; `top` destinations and owners are listed.
///
/// # Errors
/// The writer's.
pub fn diagnose(out: &mut dyn Write, host: &Host, found: &[Diagnosis], top: usize) -> io::Result<()> {
    writeln!(out, "{}", host_line(Subject { host, profiles: &[] }))?;
    // Of those beside our own without any sockets, there is nothing to be said but that.
    let nothing = |diagnosis: &&Diagnosis| {
        let traffic = &diagnosis.traffic;
        traffic.sockets.counts().total() == 0 && diagnosis.concerns.is_empty() && traffic.not_seen.is_empty()
    };
    let empty: Vec<&Diagnosis> = found.iter().skip(1).filter(nothing).collect();
    let rest = found.iter().skip(1).filter(|diagnosis| !nothing(diagnosis));
    for diagnosis in found.iter().take(1).chain(rest) {
        if found.len() > 1 {
            writeln!(out, "\n{}", style::strong(&escape(&diagnosis.traffic.name)))?;
        }
        write_sockets(out, diagnosis)?;
        write_destinations(out, diagnosis, top)?;
        write_owners(out, diagnosis, top)?;
        for alike in diagnosis.concerns.chunk_by(are_alike) {
            write_concerns(out, alike, top)?;
        }
        let choice = &diagnosis.choice;
        writeln!(out, "\nprofile {}: {}", style::strong(choice.profile), choice.why)?;
        if !diagnosis.traffic.not_seen.is_empty() {
            writeln!(out, "\nnot seen:")?;
            for what in &diagnosis.traffic.not_seen {
                writeln!(out, "  {}", style::faint(&escape(what)))?;
            }
        }
    }
    if !empty.is_empty() {
        let names = empty.iter().map(|diagnosis| diagnosis.traffic.name.as_str());
        writeln!(out, "\nno TCP sockets in {}", named(names))?;
    }
    let concerns = found.iter().flat_map(|diagnosis| &diagnosis.concerns);
    let (notes, wrong): (Vec<_>, Vec<_>) = concerns.partition(|concern| concern.severity == Severity::Note);
    let wrong = match wrong.len() {
        0 => style::good("nothing is wrong").to_string(),
        some => count(some, "finding", "findings"),
    };
    match notes.len() {
        0 => write!(out, "\n{wrong}")?,
        some => write!(out, "\n{wrong}, {}", count(some, "note", "notes"))?,
    }
    let more = found.iter().any(|diagnosis| !diagnosis.concerns.is_empty());
    writeln!(out, "{}", if more { "; `twtune explain CHECK` tells more" } else { "" })
}

fn write_sockets(out: &mut dyn Write, diagnosis: &Diagnosis) -> io::Result<()> {
    let counts = diagnosis.traffic.sockets.counts();
    let states = State::ALL.iter().filter(|state| counts.of(**state) > 0);
    let states: Vec<String> = states.map(|state| format!("{} {state}", counts.of(*state))).collect();
    let partial = if diagnosis.traffic.partial { " (while they came and went)" } else { "" };
    if states.is_empty() {
        return writeln!(out, "no TCP sockets");
    }
    writeln!(out, "{}: {}{partial}", count_sockets(counts.total()), states.join(", "))
}

fn count_sockets(number: u64) -> String {
    format!("{number} TCP {}", if number == 1 { "socket" } else { "sockets" })
}

fn write_destinations(out: &mut dyn Write, diagnosis: &Diagnosis, top: usize) -> io::Result<()> {
    let sockets = &diagnosis.traffic.sockets;
    let ports = &diagnosis.ports;
    let count = sockets.destinations.len();
    if count == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\nports {}-{}: {} available{}{}",
        ports.range.low,
        ports.range.high,
        ports.available,
        if ports.reserved > 0 { format!(", {} reserved", ports.reserved) } else { String::new() },
        if ports.blocked > 0 {
            format!(", {} kept by sockets that bound them", ports.blocked)
        } else {
            String::new()
        },
    )?;
    let title = format!(
        "{:<44} {:>9} {:>11} {:>6} {:>6} {:>8} {:>8} {:>8}",
        "from -> to", "time-wait", "established", "other", "free", "rate/s", "at most", "lasts"
    );
    writeln!(out, "{}", style::faint(title.trim_end()))?;
    for at in diagnosis.by_urgency(top) {
        write_destination(out, &sockets.destinations[at], &diagnosis.headroom[at])?;
    }
    if count > top {
        writeln!(out, "and {} more; `--top N` lists them", count - top)?;
    }
    Ok(())
}

fn write_destination(out: &mut dyn Write, destination: &Destination, room: &Headroom) -> io::Result<()> {
    let forecast = &room.forecast;
    let lasts = match forecast.seconds_to_exhaustion {
        None => "-".into(),
        Some(seconds) => format!("{seconds:.0} s"),
    };
    writeln!(
        out,
        "{:<44} {:>9} {:>11} {:>6} {:>6} {:>8.1} {:>8.1} {lasts:>8}",
        format!("{} -> {}", destination.source, destination.peer),
        destination.time_wait,
        destination.established,
        destination.other,
        room.headroom,
        forecast.rate,
        forecast.sustainable,
    )
}

fn write_owners(out: &mut dyn Write, diagnosis: &Diagnosis, top: usize) -> io::Result<()> {
    let owners = &diagnosis.traffic.owners;
    if owners.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style::faint("held by"))?;
    for owner in owners.iter().take(top) {
        let states = State::ALL.iter().filter(|state| owner.sockets.of(**state) > 0);
        let states: Vec<String> =
            states.map(|state| format!("{} {state}", owner.sockets.of(*state))).collect();
        let unit = owner.process.unit.as_ref();
        let unit = unit.map_or(String::new(), |unit| format!(", {}", escape(&unit.to_string())));
        writeln!(out, "{}{}: {}", escape(&owner.process.to_string()), unit, states.join(", "))?;
    }
    if owners.len() > top {
        writeln!(out, "and {} more; `--top N` lists them", owners.len() - top)?;
    }
    Ok(())
}
