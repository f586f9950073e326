//! Applies on probation, ended or failed at every call: the apply itself, what undoes it when its time is over, and
//! what keeps it. Whichever way is then taken out of it leads to where it has to.

use std::fs;

use serde_json::Value;

use crate::host::Host;
use crate::reliability::FUNCTIONS;
use crate::reliability::is_thorough;
use crate::reliability::none_of;
use crate::reliability::same;
use crate::reliability::say;
use crate::reliability::trace;
use crate::reliability::trace::Call;
use crate::reliability::traceable_host;

/// What scripts here need besides: an end for the watcher, which is told from those of other tests by its namespace,
/// and the end of the time that there is.
const MORE: &str = r#"
unwatch() {
  local p
  for p in /proc/[0-9]*; do
    if [ "$( (tr '\0' '\n' <$p/cmdline) 2>/dev/null | sed -n 2p)" = watch ] &&
       [ "$(readlink $p/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then kill -9 ${p#/proc/}; fi
  done
}
# The history, of a copy whose time is not over, so that nothing is settled by the asking.
told() {
  rm -rf told; mkdir -m 700 told
  cp -p /var/lib/twtune/* told/ 2>/dev/null
  local due; for due in told/*.due; do if [ -e "$due" ]; then echo 99999999999 >"$due"; fi; done
  "$TWTUNE" history --state-dir "$PWD/told" --format json
}
time_is_over() { local due; for due in /var/lib/twtune/*.due; do if [ -e "$due" ]; then echo 0 >"$due"; fi; done; }
"#;

const BEGIN: &str =
    "\"$TWTUNE\" apply ./few.toml --target both --take-over --yes --confirm-within 1h >/dev/null";

/// A command about an apply on probation, and what comes before it.
struct Case {
    name: &'static str,
    prepare: &'static str,
    command: &'static str,
}

const APPLY: Case = Case {
    name: "apply on probation",
    prepare: "",
    command: "apply ./few.toml --target both --take-over --yes --confirm-within 1h",
};

const KEEP: Case = Case { name: "confirm", prepare: "begin", command: "confirm" };

/// As the watcher that an apply leaves behind works, and as one that the next command starts.
const UNDO: Case = Case {
    name: "undo by the watcher",
    prepare: "begin; unwatch; time_is_over",
    command: "watch 1 --detached",
};

/// A way out of an apply on probation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Its time is over, and any command is given.
    Time,
    /// It is rolled back.
    Rollback,
    /// It is confirmed.
    Confirm,
}

impl Way {
    const ALL: [Self; 3] = [Self::Time, Self::Rollback, Self::Confirm];

    const fn script(self) -> &'static str {
        match self {
            Self::Time => "time_is_over; \"$TWTUNE\" history >way 2>&1",
            Self::Rollback => "\"$TWTUNE\" rollback --yes >way 2>&1",
            Self::Confirm => "\"$TWTUNE\" confirm >way 2>&1",
        }
    }
}

/// A host on which a command is disturbed, and its values and files at each stage of an apply on probation.
struct Bench {
    host: Host,
    case: &'static Case,
    start: String,
    pending: String,
    kept: String,
    calls: Vec<Call>,
}

/// What became of a disturbed command, and of the way out that was taken then.
struct Attempt {
    code: i32,
    died: bool,
    disturbed: bool,
    out: String,
    values: String,
    /// How the history says that the apply ended; empty where it was not begun.
    outcome: String,
    /// Whether it is on probation.
    due: bool,
    way_code: i32,
    way_said: String,
    way_values: String,
    /// What is left unsettled behind it.
    unsettled: String,
    /// The values behind further rollbacks.
    after: String,
}

impl Bench {
    fn start(case: &'static Case) -> Option<Self> {
        let host = traceable_host()?;
        host.sh(&format!(
            "{FUNCTIONS}{MORE}
             begin() {{ {BEGIN}; }}
             start; values >start
             begin; values >pending
             \"$TWTUNE\" confirm >/dev/null; values >kept
             start
             {}
             strace -y -s 300 -o trace \"$TWTUNE\" {} --format json >/dev/null",
            case.prepare, case.command
        ));
        let read = |name: &str| fs::read_to_string(host.path(name)).expect("written by the script");
        let (start, pending, kept) = (read("start"), read("pending"), read("kept"));
        assert!(start != pending && pending != kept && start != kept, "each stage differs");
        // strace names the process only where it follows more than one.
        let numbered: Vec<String> = read("trace").lines().map(|line| format!("0 {line}")).collect();
        let mut calls = trace::parse(&numbered.join("\n"));
        calls.retain(|call| call.name != "execve");
        assert!(!calls.is_empty());
        Some(Self { host, case, start, pending, kept, calls })
    }

    fn disturb(&self, injection: &str, way: Way) -> Attempt {
        let Case { prepare, command, .. } = self.case;
        let call = injection.split(':').next().expect("a call");
        let codes = self.host.sh(&format!(
            "{FUNCTIONS}{MORE}
             begin() {{ {BEGIN}; }}
             start
             {prepare}
             set +e
             strace -o trace -e trace={call} -e inject={injection} \"$TWTUNE\" {command} --format json >out 2>err
             echo $?
             values >values
             told >history; ls /var/lib/twtune/1.due >due 2>/dev/null
             {}
             echo $?
             values >way.values
             (unsettled; cd /var/lib/twtune && ls *.due) >unsettled 2>/dev/null
             \"$TWTUNE\" rollback --yes >/dev/null 2>&1
             values >after",
            way.script()
        ));
        let read = |name: &str| {
            let bytes = fs::read(self.host.path(name)).expect("written by the script");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let mut codes = codes.lines().map(|code| code.parse::<i32>().expect("an exit code"));
        let code = codes.next().expect("an exit code");
        let trace = read("trace");
        let history: Value = serde_json::from_str(&read("history")).unwrap_or_default();
        Attempt {
            code,
            died: trace.contains("+++ killed by SIG"),
            disturbed: trace.contains("(INJECTED)") || trace.contains("+++ killed by"),
            out: read("out"),
            values: read("values"),
            outcome: history["entries"][0]["outcome"].as_str().unwrap_or_default().to_owned(),
            due: !read("due").is_empty(),
            way_code: codes.next().expect("an exit code"),
            way_said: read("way"),
            way_values: read("way.values"),
            unsettled: read("unsettled"),
            after: read("after"),
        }
    }

    /// What holds wherever the command came to: the history tells how far, and each way out leads where it has to.
    fn judge(&self, attempt: &Attempt, way: Way) -> Result<(), String> {
        let is = |values: &str, found: &str, what: &str| {
            same(values, found).map_err(|why| format!("{}, {way:?}: {what}: {why}", attempt.outcome))
        };
        match attempt.outcome.as_str() {
            // Nothing was begun, or it was undone.
            "" | "undone" => is(&self.start, &attempt.values, "as before")?,
            "applied" => is(&self.kept, &attempt.values, "kept")?,
            // The files of one that is being confirmed may be there already.
            "pending" if self.case.name == APPLY.name => is(&self.pending, &attempt.values, "pending")?,
            "pending" | "interrupted" | "incomplete" => {}
            // The undo went through, or is told as an entry of its own.
            other => return Err(format!("the history says {other}")),
        }
        let stays = attempt.outcome == "applied" && way != Way::Rollback;
        let is_kept = way == Way::Confirm && attempt.outcome == "pending" && self.case.name != UNDO.name;
        // One that was interrupted before it was on probation changed nothing, and is settled by a rollback; so is one
        // that cannot be confirmed and whose time is not over.
        let interrupted = ["interrupted", "incomplete"].contains(&&*attempt.outcome);
        if interrupted && !attempt.due {
            is(&self.start, &attempt.values, "not on probation yet")?;
        }
        let needs_rollback = interrupted && (!attempt.due || way == Way::Confirm);
        if stays || is_kept {
            is(&self.kept, &attempt.way_values, "behind the way out")?;
        } else if !needs_rollback {
            is(&self.start, &attempt.way_values, "behind the way out")?;
        }
        let code = if way == Way::Confirm && !is_kept { 3 } else { 0 };
        if attempt.way_code != code {
            return Err(format!("{way:?} ends with {}: {}", attempt.way_code, attempt.way_said));
        }
        if !attempt.unsettled.is_empty() && !needs_rollback {
            return Err(format!("{way:?} leaves unsettled: {}", attempt.unsettled));
        }
        is(&self.start, &attempt.after, "behind a rollback")
    }
}

/// The ways out to try of a point: all of them, or each at every third point.
fn ways(at: usize) -> Vec<Way> {
    if is_thorough() { Way::ALL.to_vec() } else { vec![Way::ALL[at % Way::ALL.len()]] }
}

/// The calls to disturb: all, or those that write and some of the others.
fn chosen(bench: &Bench) -> impl Iterator<Item = &Call> {
    bench
        .calls
        .iter()
        .enumerate()
        .filter(|(at, call)| is_thorough() || call.is_write_like() || at % 16 == 0)
        .map(|(_, call)| call)
}

fn kill_everywhere(case: &'static Case) {
    let Some(bench) = Bench::start(case) else { return };
    let (mut points, mut died, mut failures) = (0, 0, Vec::new());
    for (at, call) in chosen(&bench).enumerate() {
        let point = format!("{}:signal=SIGKILL:when={}", call.name, call.nth);
        points += 1;
        for way in ways(at) {
            let attempt = bench.disturb(&point, way);
            died += usize::from(attempt.died && way == ways(at)[0]);
            if let Err(why) = bench.judge(&attempt, way) {
                failures.push(format!("{point} {}: {why}", call.text));
            }
        }
    }
    bench.host.sh(&format!("{MORE} unwatch"));
    say(case.name, &format!("killed at {points} points, really died at {died}, {} failures", failures.len()));
    none_of(&failures);
    // How often memory is asked for depends on where the kernel puts things.
    assert!(died + 4 >= points, "only {died} of {points} really died");
}

fn fail_everywhere(case: &'static Case) {
    let Some(bench) = Bench::start(case) else { return };
    let errors: &[&str] = if is_thorough() { &["EIO", "ENOSPC", "EROFS", "EINTR"] } else { &["EIO"] };
    let (mut points, mut failed, mut failures) = (0, 0, Vec::new());
    for (at, call) in bench.calls.iter().filter(|call| call.is_write_like()).enumerate() {
        for error in errors {
            let point = format!("{}:error={error}:when={}", call.name, call.nth);
            let way = Way::ALL[at % Way::ALL.len()];
            let attempt = bench.disturb(&point, way);
            points += 1;
            failed += usize::from(attempt.disturbed);
            if let Err(why) = bench.tells_the_truth(&attempt).and_then(|()| bench.judge(&attempt, way)) {
                failures.push(format!("{point} {}: exit code {}: {why}", call.text, attempt.code));
            }
        }
    }
    bench.host.sh(&format!("{MORE} unwatch"));
    say(
        case.name,
        &format!("failed at {points} points, really failed at {failed}, {} failures", failures.len()),
    );
    none_of(&failures);
    assert_eq!(failed, points);
}

impl Bench {
    /// Exit code, report, history and machine agree.
    fn tells_the_truth(&self, attempt: &Attempt) -> Result<(), String> {
        let report: Value = serde_json::from_str(&attempt.out).unwrap_or_default();
        let told = report["outcome"].as_str().or(report["schema"].as_str()).unwrap_or("nothing");
        let (values, outcome) = match (attempt.code, self.case.name) {
            (0, name) if name == APPLY.name => (&self.pending, "pending"),
            (0, name) if name == KEEP.name => (&self.kept, "applied"),
            // The watcher tells nobody.
            (_, name) if name == UNDO.name => return Ok(()),
            // It was not kept, and waits on.
            (3 | 4, name) if name == KEEP.name => (&self.pending, "pending"),
            (3 | 4, _) => (&self.start, ""),
            (5, _) => (&self.start, "undone"),
            (code, _) => return Err(format!("ends with {code}, told: {told}")),
        };
        same(values, &attempt.values)?;
        let as_told = attempt.outcome == outcome || report["reason"].to_string().contains("will settle it");
        as_told.then_some(()).ok_or(format!("the history says {}, the report {told}", attempt.outcome))
    }
}

#[test]
fn an_apply_on_probation_killed_at_any_call_is_undone_or_waits() {
    kill_everywhere(&APPLY);
}

#[test]
fn a_confirmation_killed_at_any_call_can_be_repeated_or_taken_back() {
    kill_everywhere(&KEEP);
}

#[test]
fn an_undo_killed_at_any_call_is_completed_by_the_next_command() {
    kill_everywhere(&UNDO);
}

#[test]
fn an_apply_on_probation_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&APPLY);
}

#[test]
fn a_confirmation_that_fails_at_any_call_tells_the_truth() {
    fail_everywhere(&KEEP);
}

#[test]
fn an_undo_that_fails_at_any_call_is_made_in_the_end() {
    fail_everywhere(&UNDO);
}
