//! `twtune check --all-netns`: the rules held against the other network namespaces of this machine.

use crate::advise::NamespaceFindings;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::error::CliError;
use crate::cli::survey::look;
use crate::cli::survey::survey_elsewhere;
use crate::cli::system;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::LiveState;
use crate::facts::Snapshot;
use crate::profile::RankedRule;
use crate::profile::Selection;

/// Holds the rules against every network namespace but our own. Of one that this user may not enter, every setting
/// is unreadable.
pub(super) fn check_elsewhere<'a>(
    context: &Context,
    selection: &'a Selection,
    rules: &[RankedRule<'a>],
    own: &Host,
) -> Result<Vec<NamespaceFindings<'a>>, CliError> {
    let writable = context.format == Format::Json;
    let found = system::elsewhere(|_, place| Ok((place.initial, look(place, rules, writable))))?;
    let mut reports = Vec::new();
    for elsewhere in found {
        let (initial, snapshot) = elsewhere.seen.unwrap_or_else(|why| (false, unreadable(rules, &why)));
        let host = Host { initial, ..own.clone() };
        let report = survey_elsewhere(host, rules, snapshot)?.heed(selection).report;
        let processes = elsewhere.namespace.processes;
        reports.push(NamespaceFindings { name: elsewhere.name, id: elsewhere.id, processes, report });
    }
    Ok(reports)
}

fn unreadable(rules: &[RankedRule<'_>], why: &str) -> Snapshot {
    let reading =
        || LiveReading { state: LiveState::Unreadable(why.into()), writable: None, newer_than_boot: false };
    rules.iter().map(|ranked| (ranked.rule.key.clone(), reading())).collect()
}
