//! Failed at every call that writes, and given a signal at every call: exit code, report, history and machine agree.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::reliability::ADOPT;
use crate::reliability::APPLY;
use crate::reliability::APPLY_BOOT;
use crate::reliability::Attempt;
use crate::reliability::Bench;
use crate::reliability::ROLLBACK;
use crate::reliability::ROLLBACK_BOOT;
use crate::reliability::SETTLE_APPLY;
use crate::reliability::Scenario;
use crate::reliability::differences;
use crate::reliability::is_thorough;
use crate::reliability::none_of;
use crate::reliability::same;
use crate::reliability::trace::Call;

/// Those with a `+` fail for good from then on: a disk that fell full or read-only.
const ERRORS: &[(&str, &str)] = &[
    ("EIO", ""),
    ("ENOSPC", "+"),
    ("ENOSPC", ""),
    ("EPERM", ""),
    ("EROFS", ""),
    ("EINTR", ""),
    ("EROFS", "+"),
];

#[test]
fn an_apply_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&APPLY);
}

#[test]
fn a_rollback_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&ROLLBACK);
}

#[test]
fn a_rollback_that_fails_to_settle_an_apply_tells_the_truth() {
    fail_everywhere(&SETTLE_APPLY);
}

#[test]
fn a_rollback_by_file_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&ADOPT);
}

#[test]
fn an_apply_of_files_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&APPLY_BOOT);
}

#[test]
fn a_rollback_of_files_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&ROLLBACK_BOOT);
}

#[test]
fn an_apply_that_gets_a_signal_at_any_call_is_made_or_put_back() {
    signal_everywhere(&APPLY);
}

#[test]
fn a_rollback_that_gets_a_signal_at_any_call_is_made_or_put_back() {
    signal_everywhere(&ROLLBACK);
}

#[test]
fn an_apply_of_files_that_gets_a_signal_at_any_call_is_made_or_put_back() {
    signal_everywhere(&APPLY_BOOT);
}

#[test]
fn a_rollback_of_files_that_gets_a_signal_at_any_call_is_made_or_put_back() {
    signal_everywhere(&ROLLBACK_BOOT);
}

fn fail_everywhere(scenario: &'static Scenario) {
    let Some(bench) = Bench::start(scenario) else { return };
    let (mut points, mut disturbed, mut codes, mut failures) = (0, 0, BTreeSet::new(), Vec::new());
    for call in bench.calls.iter().filter(|call| call.is_write_like()) {
        let errors = if scenario.files && !is_thorough() { &ERRORS[..2] } else { ERRORS };
        for (error, from_then_on) in errors {
            let point = format!("{}:error={error}:when={}{from_then_on}", call.name, call.nth);
            let attempt = bench.disturb(&point);
            points += 1;
            disturbed += usize::from(attempt.disturbed);
            codes.insert(attempt.code);
            if let Err(why) = judge(&bench, &attempt, &point) {
                failures.push(format!("{point} {}: exit code {}: {why}", call.text, attempt.code));
            }
        }
    }
    bench.say(&format!(
        "failed at {points} points, really failed at {disturbed}, exit codes {codes:?}, {} failures",
        failures.len()
    ));
    none_of(&failures);
    assert_eq!(disturbed, points);
    assert!(codes.is_superset(&BTreeSet::from([0, 4, 5, 6])), "not every way to end was met: {codes:?}");
}

fn signal_everywhere(scenario: &'static Scenario) {
    let Some(bench) = Bench::start(scenario) else { return };
    let (mut points, mut disturbed, mut codes, mut failures) = (0, 0, BTreeSet::new(), Vec::new());
    for (signal, number) in [("SIGTERM", 15), ("SIGINT", 2), ("SIGHUP", 1)] {
        // One of them everywhere; the other two take the same way, so the calls that write will do.
        // The last call never comes back to hear of one.
        let chosen = |call: &&Call| {
            let everywhere = is_thorough() || signal == "SIGTERM" && !scenario.files;
            call.name != "exit_group" && (everywhere || call.is_write_like())
        };
        for call in bench.calls.iter().filter(chosen) {
            let point = format!("{}:signal={signal}:when={}", call.name, call.nth);
            let attempt = bench.disturb(&point);
            points += 1;
            disturbed += usize::from(attempt.disturbed);
            codes.insert(attempt.code);
            let judged = if attempt.died && attempt.code == 128 + number {
                died_before_it_began(&bench, &attempt)
            } else if matches!(attempt.code, 0 | 5) {
                judge(&bench, &attempt, &point)
            } else {
                Err("a signal does not end it so".into())
            };
            if let Err(why) = judged {
                failures.push(format!("{point} {}: exit code {}: {why}", call.text, attempt.code));
            }
        }
    }
    bench.say(&format!(
        "a signal at {points} points, really sent at {disturbed}, exit codes {codes:?}, {} failures",
        failures.len()
    ));
    none_of(&failures);
    assert_eq!(disturbed, points);
    assert!(codes.is_superset(&BTreeSet::from([0, 5])), "not every way to end was met: {codes:?}");
    assert!(codes.contains(&143) || scenario.files && !is_thorough(), "none came before it began: {codes:?}");
}

fn died_before_it_began(bench: &Bench, attempt: &Attempt) -> Result<(), String> {
    if attempt.unsettled && !bench.unsettled {
        return Err("it had begun something".into());
    }
    same(&bench.before, &attempt.values)?;
    attempt.aftermath(bench)
}

/// Holds exit code, report, history and machine against each other.
fn judge(bench: &Bench, attempt: &Attempt, point: &str) -> Result<(), String> {
    let report: Value = serde_json::from_str(&attempt.out).unwrap_or_default();
    let outcome = report["outcome"].as_str().unwrap_or("none");
    // A report that could not be written tells nothing, and says that on the other stream, if that can be written.
    let mute = point.starts_with("write:") && point.ends_with('+') && attempt.err.is_empty();
    let unreported = report.is_null() && (mute || attempt.err.contains("write the report"));
    let expect = |expected: &str| {
        let as_expected = unreported || outcome == expected;
        as_expected.then_some(()).ok_or(format!("the report says {outcome}, not {expected}: {}", attempt.out))
    };
    let last = attempt.outcomes().last().copied().unwrap_or("none").to_owned();
    // What could not be noted is interrupted, and whoever asked was told so.
    let told =
        report["reason"].as_str().is_some_and(|reason| reason.contains("`twtune rollback` will settle it"));
    let untold = || {
        let in_order = !attempt.unsettled || bench.unsettled || told || unreported;
        in_order.then_some(()).ok_or(format!("something is unsettled and nobody was told: {}", attempt.out))
    };
    match attempt.code {
        0 if bench.scenario.applies => {
            expect("applied")?;
            same(&bench.done, &attempt.values)?;
            if attempt.unsettled || last != "applied" {
                return Err(format!("the history says {last}"));
            }
        }
        0 => {
            expect("rolled-back")?;
            same(&bench.done, &attempt.values)?;
            untold()?;
        }
        3 | 4 => {
            if !unreported && (report["schema"] != "twtune.error/1" || report["exit_code"] != attempt.code) {
                return Err(format!("no error object of this exit code: {} {}", attempt.out, attempt.err));
            }
            same(&bench.before, &attempt.values)?;
            if attempt.unsettled != bench.unsettled {
                return Err(format!("nothing was begun, and the history says {last}"));
            }
        }
        5 => {
            expect("undone")?;
            same(&bench.before, &attempt.values)?;
            if !bench.unsettled {
                untold()?;
                if !attempt.unsettled && last != "undone" {
                    return Err(format!("the history says {last}"));
                }
            }
        }
        6 => {
            expect("incomplete")?;
            // What can no longer be opened cannot be read either, and is then said to be left.
            let readable = !point.starts_with("open");
            if !unreported {
                left_is_what_differs(bench, attempt, &report, readable)?;
            }
        }
        _ => return Err(format!("an exit code of something else: {} {}", attempt.out, attempt.err)),
    }
    attempt.aftermath(bench)
}

/// What differs from before is named in the report, and what is `left` differs.
fn left_is_what_differs(
    bench: &Bench,
    attempt: &Attempt,
    report: &Value,
    readable: bool,
) -> Result<(), String> {
    let key_of = |line: &str| {
        if let Some(file) = line.split_whitespace().find(|word| word.starts_with("sysctl.d/")) {
            return format!("/etc/{file}");
        }
        let path = line.trim_start_matches("./").split(':').next().unwrap_or_default();
        format!("net.{}", path.replace('/', "."))
    };
    let differing: BTreeSet<String> =
        differences(&bench.before, &attempt.values).iter().map(|line| key_of(line)).collect();
    let changes = report["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let left: Vec<&Value> = changes.iter().filter(|change| change["result"] == "left").collect();
    // A note names what else the write of a setting changed.
    let named = |key: &String| {
        let is_it =
            |change: &&&Value| change["key"] == **key || change["note"].to_string().contains(key.as_str());
        left.iter().any(|change| is_it(&change))
    };
    let unnamed: Vec<&String> = differing.iter().filter(|key| !named(key)).collect();
    if !unnamed.is_empty() {
        return Err(format!("{unnamed:?} differ and the report does not name them: {report:#}"));
    }
    // What has the value that the rollback brings back is `left` as well, as it was before.
    let as_before = |change: &&&Value| {
        let key = change["key"].as_str().unwrap_or_default();
        !differing.iter().any(|key_differs| {
            key_differs == key || change["note"].to_string().contains(key_differs.as_str())
        })
    };
    let wrongly_left = left.iter().find(as_before).filter(|change| change["before"] != change["after"]);
    match wrongly_left.filter(|_| readable) {
        Some(change) => Err(format!("{} is said to be left, and is as before", change["key"])),
        None => Ok(()),
    }
}
