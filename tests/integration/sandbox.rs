//! Runs commands where nothing of the machine can be changed: one `tests/sandbox.sh` per sandbox, which lives as
//! long as the value does, and whose proof is repeated before every command that enters it.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;

/// Far longer than anything takes, so that a slow machine fails no test; a hang still ends.
const PATIENCE: Duration = Duration::from_mins(1);

/// Says that the test cannot run on this machine, and what would let it. Where CI runs, that is a failure.
pub(crate) fn lacking(what: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{test} cannot run here: {what}");
    // Not eprintln!, which is kept back where a test passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {what}");
}

/// Whether `program` is here; says what to install where it is not.
pub(crate) fn has(program: &str, package: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        lacking(&format!("needs {program} (Debian: apt-get install {package})"));
    }
    found
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Becomes the user nobody, who may read what everybody may.
const AS_NOBODY: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=-all",
    "--bounding-set=-all",
];

/// A sandbox that lives as long as this.
pub(crate) struct Sandbox {
    holder: Child,
    /// What goes before a command to run it inside.
    entry: Vec<OsString>,
}

/// Who runs the sandbox.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// Whoever runs the tests: in CI that is root.
    Caller,
    /// A user without rights outside a user namespace of their own.
    OrdinaryUser,
}

impl Sandbox {
    /// Starts one. `scratch` is a folder everybody may enter. None where the machine cannot have one, which has
    /// then been said.
    pub(crate) fn start(user: As, scratch: &Path) -> Option<Self> {
        // A copy, because an ordinary user may not be able to enter the folder this source is in.
        let script = scratch.join("sandbox.sh");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox.sh"), &script)
            .expect("copy sandbox.sh");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("chmod sandbox.sh");

        let mut entry: Vec<OsString> = Vec::new();
        if user == As::OrdinaryUser && is_root() {
            entry.extend(AS_NOBODY.iter().map(OsString::from));
        }
        entry.push("bash".into());
        entry.push(script.into());
        let mut holder = plain_command(&entry, scratch)
            .args(["bash", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash starts");
        let mut line = String::new();
        let mut out = BufReader::new(holder.stdout.take().expect("piped"));
        out.read_line(&mut line).expect("the sandbox answers");
        if line != "ready\n" {
            let mut why = String::new();
            holder.stderr.take().expect("piped").read_to_string(&mut why).expect("the sandbox answers");
            holder.wait().expect("the sandbox ends");
            lacking(why.trim());
            return None;
        }
        entry.push("--enter".into());
        entry.push(holder.id().to_string().into());
        Some(Self { holder, entry })
    }

    /// A command that will run inside, with an empty environment.
    pub(crate) fn command(&self, folder: &Path, program: impl AsRef<OsStr>) -> Command {
        let mut command = plain_command(&self.entry, folder);
        command.arg(program);
        command
    }

    /// A command that will run inside as nobody, without the right to change anything. None where the caller is
    /// not root and cannot become somebody else.
    pub(crate) fn command_as_nobody(&self, folder: &Path, program: impl AsRef<OsStr>) -> Option<Command> {
        if !is_root() {
            lacking("becoming another user needs root: run the tests as root");
            return None;
        }
        let mut command = plain_command(&self.entry, folder);
        command.args(AS_NOBODY).arg(program);
        Some(command)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The namespaces go with the last process in them.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A command with nothing of the caller's environment but where programs are found.
fn plain_command(words: &[OsString], folder: &Path) -> Command {
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into()))
        .env("HOME", folder)
        .env("LC_ALL", "C")
        .env("TERM", "dumb");
    command
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) command: String,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, with no input unless it was given some. One that takes longer than anything takes is
/// ended with all it started, and the test fails.
pub(crate) fn run(command: &mut Command) -> Run {
    run_within(command, PATIENCE)
}

/// As [`run`], with a limit of its own.
pub(crate) fn run_within(command: &mut Command, patience: Duration) -> Run {
    let shown = shown(command);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("{shown}: {error}"));
    finish(child, shown, patience)
}

/// Waits for a command that was started in a process group of its own.
pub(crate) fn finish(mut child: Child, shown: String, patience: Duration) -> Run {
    let stdout = collect(child.stdout.take().expect("piped"));
    let stderr = collect(child.stderr.take().expect("piped"));
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if begun.elapsed() > patience {
            let group = Pid::from_child(&child);
            let _ = kill_process_group(group, Signal::KILL);
            let _ = child.wait();
            panic!(
                "{shown}: still running after {patience:?}\nstdout: {}\nstderr: {}",
                stdout.join().expect("reader"),
                stderr.join().expect("reader")
            );
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    Run {
        command: shown,
        code: status.code(),
        signal: status.signal(),
        stdout: stdout.join().expect("reader"),
        stderr: stderr.join().expect("reader"),
    }
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    })
}

/// A command as a person would type it, without what leads into the sandbox.
pub(crate) fn shown(command: &Command) -> String {
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let inside = words.iter().position(|word| word == "--enter").map_or(0, |at| at + 2);
    words[inside..].join(" ")
}

/// The program under test.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_twtune"))
}

/// Set where a test runs itself a second time, in a sandbox; `guest` in a virtual machine of `tests/vm/run`.
const INSIDE: &str = "TWTUNE_TEST_INSIDE";

/// The exit code with which the sandbox says that the machine does not let it.
const NO_SANDBOX: i32 = 99;

/// Whether this is a sandbox. Where it is not, the test of this whole name is run in one of its own, and fails here
/// if it fails there. What it prints is shown.
pub(crate) fn in_sandbox(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        guard();
        return true;
    }
    let output = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox.sh"))
        .arg("env")
        .arg(format!("{INSIDE}=1"))
        .arg(std::env::current_exe().expect("this binary is there"))
        .args([test, "--exact", "--nocapture"])
        .output()
        .expect("bash can be started");
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(NO_SANDBOX) {
        lacking(told.trim());
    } else {
        assert!(output.status.success(), "{told}");
        assert!(told.contains(" 1 passed"), "it was not run:\n{told}");
        print!("{told}");
    }
    false
}

/// Whether this is a guest of `tests/vm/run`, whose own settings may be written as well.
pub(crate) fn in_guest() -> bool {
    std::env::var(INSIDE).is_ok_and(|inside| inside == "guest")
}

/// Nothing may be written on the machine itself.
fn guard() {
    if in_guest() {
        let line = fs::read_to_string("/proc/cmdline").unwrap();
        assert!(line.contains(" twtune_case="), "this is no guest of tests/vm/run");
        return;
    }
    let opens = |path: &str| fs::OpenOptions::new().append(true).open(path).is_ok();
    assert!(!opens("/proc/sys/vm/swappiness"), "the machine's own settings are writable here");
    assert!(!Path::new("/proc/sys/net/ipv4/tcp_max_orphans").exists(), "this is the machine's own namespace");
}

#[test]
fn the_sandbox_protects_the_machine_and_lets_the_namespace_be_changed() {
    let scratch = tempfile::tempdir().expect("temporary folder");
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    for user in [As::Caller, As::OrdinaryUser] {
        let Some(sandbox) = Sandbox::start(user, scratch.path()) else {
            return;
        };
        let inside = |script: &str| run(sandbox.command(scratch.path(), "bash").args(["-c", script]));
        for protected in ["vm/swappiness", "fs/file-max", "kernel/pid_max", "kernel/core_pattern"] {
            let tried = inside(&format!("exec 3>>/proc/sys/{protected}"));
            assert_ne!(tried.code, Some(0), "{protected} opens for writing: {tried:?}");
        }
        let changed =
            inside("echo 31 >/proc/sys/net/ipv4/tcp_fin_timeout && cat /proc/sys/net/ipv4/tcp_fin_timeout");
        assert_eq!(changed.stdout, "31\n", "{changed:?}");
        let again = inside("cat /proc/sys/net/ipv4/tcp_fin_timeout");
        assert_eq!(again.stdout, "31\n", "a second command enters the same sandbox: {again:?}");
        let files =
            inside("ls -A /etc/sysctl.d /etc/twtune; cat /etc/sysctl.conf; ls -d /var/lib/twtune || true");
        let listed = "/etc/sysctl.d:

/etc/twtune:
";
        assert_eq!(files.stdout, listed, "{files:?}");
        let written = inside(
            "mkdir /var/lib/twtune && touch /etc/sysctl.d/a /var/lib/twtune/b && ls /etc/sysctl.d /var/lib/twtune",
        );
        assert_eq!(written.code, Some(0), "{written:?}");
        assert!(!Path::new("/etc/sysctl.d/a").exists() && !Path::new("/var/lib/twtune/b").exists());
    }
}

#[test]
fn the_sandbox_refuses_where_it_would_protect_nothing() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox.sh");
    let bash = |words: &[&str]| {
        let mut all: Vec<OsString> = words.iter().map(OsString::from).collect();
        all.push(script.clone().into());
        all
    };
    let folder = std::env::temp_dir();
    // The machine itself.
    let bare = run(plain_command(&bash(&["bash"]), &folder).args(["--entered", "echo", "ran"]));
    assert_eq!((bare.code, bare.stdout.as_str()), (Some(99), ""), "{bare:?}");
    // A network namespace alone: as root everything but net is the machine's.
    let words =
        if is_root() { bash(&["unshare", "--net", "bash"]) } else { bash(&["unshare", "-rn", "bash"]) };
    let network = run(plain_command(&words, &folder).args(["--entered", "echo", "ran"]));
    assert_ne!(network.code, Some(0), "{network:?}");
    assert_eq!(network.stdout, "", "{network:?}");
}
