//! Ended by SIGKILL at every system call in turn.

use crate::reliability::ADOPT;
use crate::reliability::APPLY;
use crate::reliability::APPLY_BOOT;
use crate::reliability::APPLY_PLAN;
use crate::reliability::Attempt;
use crate::reliability::Bench;
use crate::reliability::ROLLBACK;
use crate::reliability::ROLLBACK_BOOT;
use crate::reliability::SETTLE_APPLY;
use crate::reliability::SETTLE_BOOT;
use crate::reliability::SETTLE_ROLLBACK;
use crate::reliability::Scenario;
use crate::reliability::none_of;
use crate::reliability::same;

#[test]
fn an_apply_killed_at_any_call_is_one_rollback_away_from_the_start() {
    kill_everywhere(&APPLY);
}

#[test]
fn a_rollback_killed_at_any_call_is_completed_by_the_next() {
    kill_everywhere(&ROLLBACK);
}

#[test]
fn a_rollback_killed_while_it_settles_an_apply_is_completed_by_the_next() {
    kill_everywhere(&SETTLE_APPLY);
}

#[test]
fn a_rollback_killed_while_it_completes_another_is_completed_by_the_next() {
    kill_everywhere(&SETTLE_ROLLBACK);
}

#[test]
fn a_rollback_by_file_killed_at_any_call_is_completed_by_the_next() {
    kill_everywhere(&ADOPT);
}

#[test]
fn an_apply_of_files_killed_at_any_call_is_one_rollback_away_from_the_start() {
    kill_everywhere(&APPLY_BOOT);
}

#[test]
fn a_rollback_of_files_killed_at_any_call_is_completed_by_the_next() {
    kill_everywhere(&ROLLBACK_BOOT);
}

#[test]
fn a_rollback_killed_while_it_settles_files_is_completed_by_the_next() {
    kill_everywhere(&SETTLE_BOOT);
}

#[test]
fn an_apply_of_a_saved_plan_killed_at_any_call_is_one_rollback_away_from_the_start() {
    kill_everywhere(&APPLY_PLAN);
}

fn kill_everywhere(scenario: &'static Scenario) {
    let Some(bench) = Bench::start(scenario) else { return };
    let (mut died, mut failures) = (0, Vec::new());
    let calls = || bench.calls.iter().filter(|call| scenario.disturbs(call));
    for call in calls() {
        let point = format!("{}:signal=SIGKILL:when={}", call.name, call.nth);
        let attempt = bench.disturb(&point);
        died += usize::from(attempt.died);
        if let Err(why) = judge(&bench, &attempt) {
            failures.push(format!("{point} {}: {why}", call.text));
        }
    }
    let points = calls().count();
    bench.say(&format!("killed at {points} points, really died at {died}, {} failures", failures.len()));
    none_of(&failures);
    // How often memory is asked for and a mapping read depends on where the kernel puts things.
    assert!(died + 4 >= points, "only {died} of {points} really died");
}

fn judge(bench: &Bench, attempt: &Attempt) -> Result<(), String> {
    if attempt.died != (attempt.code == 137) {
        return Err(format!("exit code {}, died: {}", attempt.code, attempt.died));
    }
    if !attempt.died && attempt.code != 0 {
        return Err(format!("not disturbed, and ends with {}: {}", attempt.code, attempt.err));
    }
    // Where nothing was begun, nothing has to be done: the machine is as it was.
    if !attempt.unsettled && attempt.values != bench.done {
        same(&bench.before, &attempt.values).map_err(|why| format!("nothing was begun, and {why}"))?;
    }
    attempt.aftermath(bench)
}
