//! The proof that whatever ends or fails an apply or a rollback, and wherever, the machine is as before, as
//! planned, or one `twtune rollback` away from it. `docs/reliability.md` tells how and gives the figures.

mod crowd;
mod fail;
mod kill;
mod order;
mod probation;
mod trace;

use std::fs;
use std::io::Write;

use serde_json::Value;

use crate::cli_check::rule;
use crate::host::Host;
use crate::sandbox;
use trace::Call;

/// The rules of the profile that is applied: a range of ports with reservations, a buffer of three numbers, and
/// one setting whose write changes others.
const RULES: &[(&str, &str)] = &[
    ("net.ipv4.tcp_fin_timeout", "want = 30"),
    ("net.ipv4.ip_local_port_range", "covers = [20000, 60999]"),
    ("net.ipv4.ip_local_reserved_ports", "covers = [\"30000-32767\", 9100]"),
    ("net.ipv4.ip_forward", "want = 1"),
    ("net.core.somaxconn", "want = 5000"),
    ("net.ipv4.tcp_rmem", "at_least = [\"_\", \"_\", \"32MiB\"]"),
];

/// The functions of every script. The start state differs from the kernel's defaults, and where a write of
/// `ip_forward` resets others, from what it resets them to.
const FUNCTIONS: &str = r#"
export LC_ALL=C
start() {
  rm -rf /var/lib/twtune /var/lib/copy.json /etc/sysctl.d/* /etc/sysctl.d/.[!.]*
  # systemd boots it, and somebody else's line comes last.
  mkdir -p /run/systemd/system
  printf '# theirs\nnet.ipv4.tcp_fin_timeout = 77\nvm.swappiness = 10\n' >/etc/sysctl.d/zz-other.conf
  chmod 640 /etc/sysctl.d/zz-other.conf
  touch -d 2020-01-01T00:00:00Z /etc/sysctl.d/zz-other.conf
  (cd /proc/sys/net
   echo 0 >ipv4/ip_forward
   echo 1 >ipv4/conf/default/forwarding
   echo 1 >ipv4/conf/lo/forwarding
   echo 0 >ipv4/conf/all/accept_redirects
   echo 77 >ipv4/tcp_fin_timeout
   echo 40000 50000 >ipv4/ip_local_port_range
   echo 8080,9090-9099 >ipv4/ip_local_reserved_ports
   echo 1000 >core/somaxconn
   echo 4096 131072 6291456 >ipv4/tcp_rmem)
}
values() {
  (cd /proc/sys/net && (grep -rs '' . || true) | grep -v -e nf_conntrack_count: -e /flush: | sort)
  (cd /etc && find sysctl.d sysctl.conf twtune -type f -exec sha256sum {} + -exec stat -c '%n %a %u %g' {} + | sort -k 2)
}
unsettled() {
  local file
  for file in /var/lib/twtune/*.json; do
    if [ -e "$file" ] && ! [ -s "${file%.json}.end" ]; then echo "$file"; fi
  done
}
killed() { # CALL N COMMAND...: a twtune that dies at the n-th CALL
  local call=$1 nth=$2
  shift 2
  ! strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$nth" "$TWTUNE" "$@" >/dev/null 2>&1
}
"#;

/// A command to disturb, and what comes before it.
struct Scenario {
    name: &'static str,
    /// A script that leads to the state in which the command is given.
    prepare: &'static str,
    /// The arguments of the command.
    command: &'static str,
    /// Whether it changes files that are read at boot, too. It then takes the way of one that does not, and further:
    /// unless everything is wanted, only calls that write are disturbed.
    files: bool,
    /// Whether the command is an apply.
    applies: bool,
}

impl Scenario {
    fn disturbs(&self, call: &Call) -> bool {
        !self.files || is_thorough() || call.is_write_like()
    }
}

const APPLY: Scenario = Scenario {
    name: "apply",
    prepare: "",
    command: "apply ./several.toml --yes --rollback-file /var/lib/copy.json",
    files: false,
    applies: true,
};

const APPLY_BOOT: Scenario = Scenario {
    name: "apply to both, with a line taken over",
    prepare: "",
    command: "apply ./few.toml --target both --take-over --yes",
    files: true,
    applies: true,
};

const ROLLBACK_BOOT: Scenario = Scenario {
    name: "rollback of files",
    prepare: "\"$TWTUNE\" apply ./few.toml --target both --take-over --yes >/dev/null",
    command: "rollback --yes",
    files: true,
    applies: false,
};

const SETTLE_BOOT: Scenario = Scenario {
    name: "rollback of an apply interrupted between its files",
    prepare: "killed renameat 2 apply ./few.toml --target both --take-over --yes",
    command: "rollback --yes",
    files: true,
    applies: false,
};

const APPLY_PLAN: Scenario = Scenario {
    name: "apply of a saved plan",
    prepare: "\"$TWTUNE\" plan ./few.toml --target both --take-over -o /var/lib/plan.json >/dev/null 2>&1",
    command: "apply --plan /var/lib/plan.json",
    files: true,
    applies: true,
};

const ROLLBACK: Scenario = Scenario {
    name: "rollback",
    prepare: "\"$TWTUNE\" apply ./several.toml --yes >/dev/null",
    command: "rollback --yes",
    files: false,
    applies: false,
};

const SETTLE_APPLY: Scenario = Scenario {
    name: "rollback of an interrupted apply",
    prepare: "killed pwrite64 6 apply ./several.toml --yes",
    command: "rollback --yes",
    files: false,
    applies: false,
};

const SETTLE_ROLLBACK: Scenario = Scenario {
    name: "rollback that completes an interrupted rollback",
    prepare: "\"$TWTUNE\" apply ./several.toml --yes >/dev/null; killed pwrite64 2 rollback --yes",
    command: "rollback --yes",
    files: false,
    applies: false,
};

const ADOPT: Scenario = Scenario {
    name: "rollback by a file whose history is lost",
    prepare: "\"$TWTUNE\" apply ./several.toml --yes --rollback-file /var/lib/copy.json >/dev/null; rm -r /var/lib/twtune",
    command: "rollback /var/lib/copy.json --yes",
    files: false,
    applies: false,
};

/// A host on which a command is disturbed again and again, each time from the same state.
struct Bench {
    host: Host,
    scenario: &'static Scenario,
    /// The values and files in the start state, before any twtune.
    start: String,
    /// Those before the command.
    before: String,
    /// Those behind the command when nothing disturbs it.
    done: String,
    /// Whether something is unsettled before the command.
    unsettled: bool,
    /// Its calls when nothing disturbs it.
    calls: Vec<Call>,
}

/// What became of a disturbed command, and of those that came after it.
struct Attempt {
    /// Its exit code, as a shell has it.
    code: i32,
    /// Whether a signal ended it.
    died: bool,
    /// Whether strace disturbed it at all.
    disturbed: bool,
    out: String,
    err: String,
    values: String,
    history: Value,
    /// Whether there is a record without an ending.
    unsettled: bool,
    check_said: String,
    /// The exit code of an apply while something is unsettled.
    refused: Option<i32>,
    /// What the rollbacks behind it said and ended with.
    settled: String,
    settled_code: i32,
    /// The values and files behind them.
    after: String,
}

impl Bench {
    /// None where this machine cannot, which has then been said.
    fn start(scenario: &'static Scenario) -> Option<Self> {
        let host = traceable_host()?;
        let Scenario { prepare, command, .. } = scenario;
        host.sh(&format!(
            "{FUNCTIONS}
             start; values >start
             {prepare}
             values >before; unsettled >unsettled
             strace -f -y -s 300 -o trace \"$TWTUNE\" {command} --format json >out
             values >done"
        ));
        let read = |name: &str| fs::read_to_string(host.path(name)).expect("written by the script");
        let (start, before, done) = (read("start"), read("before"), read("done"));
        let mut calls = trace::parse(&read("trace"));
        // Before it there is no twtune yet, and strace does not disturb the start of what it runs.
        calls.retain(|call| call.name != "execve");
        assert!(start.lines().count() > 300 && !calls.is_empty());
        assert_ne!(before, done, "{}: the command changes something", scenario.name);
        assert_eq!(done == start, !scenario.applies, "{}", scenario.name);
        let unsettled = !read("unsettled").is_empty();
        Some(Self { host, scenario, start, before, done, unsettled, calls })
    }

    /// Runs the command from the same start state while strace does this to it: `fsync:signal=SIGKILL:when=1`.
    fn disturb(&self, injection: &str) -> Attempt {
        let Scenario { prepare, command, .. } = self.scenario;
        let call = injection.split(':').next().expect("a call");
        // A rollback without a name settles what was interrupted; the same command again does the rest.
        let again = if self.scenario.applies { "rollback --yes" } else { command };
        let state = self.host.sh(&format!(
            "{FUNCTIONS}
             start
             {prepare}
             set +e
             strace -f -o trace -e trace={call} -e inject={injection} \"$TWTUNE\" {command} --format json >out 2>err
             echo $?
             values >values
             unsettled=$(unsettled)
             \"$TWTUNE\" history --format json >history || echo history fails >>err
             \"$TWTUNE\" check ./several.toml --target live >/dev/null 2>check.err
             if [ -n \"$unsettled\" ]; then \"$TWTUNE\" apply ./several.toml --yes >/dev/null 2>&1; echo $?; else echo -; fi
             \"$TWTUNE\" rollback --yes >settled 2>&1 && \"$TWTUNE\" {again} >>settled 2>&1
             echo $?
             if [ -n \"$(unsettled)\" ]; then echo still unsettled >>settled; fi
             values >after"
        ));
        let read = |name: &str| {
            String::from_utf8_lossy(&fs::read(self.host.path(name)).expect("written by the script"))
                .into_owned()
        };
        let mut codes = state.lines().map(str::parse::<i32>);
        let code = codes.next().and_then(Result::ok).expect("an exit code");
        let refused = codes.next().and_then(Result::ok);
        let settled_code = codes.next().and_then(Result::ok).expect("an exit code");
        let trace = read("trace");
        Attempt {
            code,
            died: trace.contains("+++ killed by SIG") && code > 128,
            disturbed: trace.contains("(INJECTED)")
                || trace.contains("--- SIG")
                || trace.contains("+++ killed by"),
            out: read("out"),
            err: read("err"),
            values: read("values"),
            history: serde_json::from_str(&read("history")).unwrap_or_default(),
            unsettled: refused.is_some(),
            check_said: read("check.err"),
            refused,
            settled: read("settled"),
            settled_code,
            after: read("after"),
        }
    }

    fn say(&self, text: &str) {
        say(self.scenario.name, text);
    }
}

impl Attempt {
    /// How the entries of the history ended.
    fn outcomes(&self) -> Vec<&str> {
        let entries = self.history["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
        entries.iter().map(|entry| entry["outcome"].as_str().unwrap_or("none")).collect()
    }

    /// What holds whatever was done to the command: everybody is told of what is unsettled, nobody writes before
    /// it is settled, and rollbacks bring back the start state.
    fn aftermath(&self, bench: &Bench) -> Result<(), String> {
        let interrupted = self.outcomes().contains(&"interrupted");
        let warned = self.check_said.contains("was interrupted");
        let is = |what: &str, found: bool, expected: bool| {
            if found == expected { Ok(()) } else { Err(format!("{what}: {found}, expected {expected}")) }
        };
        is("history tells of an interrupted one", interrupted, self.unsettled)?;
        is("check warns of an interrupted one", warned, self.unsettled)?;
        is("an apply is refused", self.refused == Some(3), self.unsettled)?;
        if self.settled_code != 0 || self.settled.contains("still unsettled") {
            return Err(format!("the rollback behind it ends with {}: {}", self.settled_code, self.settled));
        }
        same(&bench.start, &self.after).map_err(|why| format!("behind the rollback: {why}"))
    }
}

/// A host with the profiles `several` and `few`. None where this machine cannot, which has then been said.
fn traceable_host() -> Option<Host> {
    if !sandbox::has("strace", "strace") {
        return None;
    }
    let host = Host::start()?;
    let rules = |rules: &[(&str, &str)]| -> String {
        rules.iter().map(|(key, constraint)| rule(key, constraint)).collect()
    };
    host.profile("several", &rules(RULES));
    host.profile("few", &rules(&RULES[..2]));
    Some(host)
}

/// Says what was measured; not `eprintln!`, which is kept back where a test passes.
fn say(what: &str, text: &str) {
    let _ = writeln!(std::io::stderr(), "RELIABILITY {what}: {text}");
}

/// Whether to disturb every call in every way, also where it takes the same way as another.
fn is_thorough() -> bool {
    std::env::var_os("TWTUNE_THOROUGH").is_some()
}

/// Where two lists of values differ.
fn same(expected: &str, found: &str) -> Result<(), String> {
    let differing = differences(expected, found);
    if differing.is_empty() { Ok(()) } else { Err(format!("differs: {}", differing.join(" "))) }
}

/// The settings and files in which two lists of values differ.
fn differences(expected: &str, found: &str) -> Vec<String> {
    let expected: std::collections::BTreeSet<&str> = expected.lines().collect();
    let found: std::collections::BTreeSet<&str> = found.lines().collect();
    expected.symmetric_difference(&found).map(|line| (*line).to_owned()).collect()
}

/// Fails with all that was found, if anything was.
#[track_caller]
fn none_of(failures: &[String]) {
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
