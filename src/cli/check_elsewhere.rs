//! `twtune check --all-netns`: the rules held against the other network namespaces of this machine.

use std::process::Command;
use std::process::Stdio;

use serde::Deserialize;

use crate::advise::NamespaceFindings;
use crate::cli::check::Args;
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
use crate::facts::Writable;
use crate::profile::RankedRule;
use crate::profile::Selection;
use crate::setting::Key;

/// Holds the rules against every network namespace but our own. Of one that this user may not enter, every setting
/// is unreadable.
pub(super) fn check_elsewhere<'a>(
    context: &Context,
    args: &Args,
    selection: &'a Selection,
    rules: &[RankedRule<'a>],
    own: &Host,
) -> Result<Vec<NamespaceFindings<'a>>, CliError> {
    let writable = context.format == Format::Json;
    let found = system::elsewhere(|_, place| Ok((place.initial, look(place, rules, writable))))?;
    let mut reports = Vec::new();
    for elsewhere in found {
        let mut id = elsewhere.id;
        let (initial, snapshot) = match elsewhere.seen {
            Ok(seen) => seen,
            Err(closed) => match closed.try_pid.and_then(|pid| ask(context, args, pid)) {
                Some(asked) => {
                    id = asked.host.netns;
                    (false, snapshot(asked.findings))
                }
                None => (false, unreadable(rules, &closed.why)),
            },
        };
        let host = Host { initial, ..own.clone() };
        let report = survey_elsewhere(host, rules, snapshot)?.heed(selection).report;
        let processes = elsewhere.namespace.processes;
        reports.push(NamespaceFindings { name: elsewhere.name, id, processes, report });
    }
    Ok(reports)
}

fn unreadable(rules: &[RankedRule<'_>], why: &str) -> Snapshot {
    let reading =
        || LiveReading { state: LiveState::Unreadable(why.into()), writable: None, newer_than_boot: false };
    rules.iter().map(|ranked| (ranked.rule.key.clone(), reading())).collect()
}

/// What a check by another process says. One's own rootless container is entered through its user namespace, which
/// only a process of a single thread can do, and from which there is no way back.
fn ask(context: &Context, args: &Args, pid: u32) -> Option<Asked> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.args(["check", "--format", "json", "--pid", &pid.to_string()]);
    command.arg("--state-dir").arg(&args.state.state_dir);
    if let Some(config) = context.config() {
        command.arg("--config").arg(config);
    }
    command.arg("--").args(&args.rules.profiles);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

/// What is needed of `twtune.check/1`.
#[derive(Deserialize)]
struct Asked {
    host: AskedHost,
    findings: Vec<AskedFinding>,
}

#[derive(Deserialize)]
struct AskedHost {
    netns: Option<String>,
}

#[derive(Deserialize)]
struct AskedFinding {
    key: String,
    reason: Option<String>,
    live: AskedLive,
}

#[derive(Deserialize)]
struct AskedLive {
    state: String,
    value: Option<String>,
    writable: Option<bool>,
}

fn snapshot(findings: Vec<AskedFinding>) -> Snapshot {
    let readings = findings.into_iter().filter_map(|finding| {
        let key = Key::parse(&finding.key).ok()?;
        let state = match (finding.live.state.as_str(), finding.live.value) {
            ("present", Some(value)) => LiveState::Present(value),
            ("absent", _) => LiveState::Absent,
            _ => LiveState::Unreadable(finding.reason.unwrap_or_default()),
        };
        let writable = finding
            .live
            .writable
            .map(|writable| if writable { Writable::Yes } else { Writable::No("permission denied".into()) });
        Some((key, LiveReading { state, writable, newer_than_boot: false }))
    });
    readings.collect()
}
