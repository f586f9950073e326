//! A host to try twtune on: a sandbox of its own, a folder of its own (shown as `[ROOT]`), an empty environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::sandbox;
use crate::sandbox::As;
use crate::sandbox::Run;
use crate::sandbox::Sandbox;
use crate::sandbox::run;

/// A host of its own for one test. Its settings are the kernel's defaults until the test changes them.
pub(crate) struct Host {
    root: TempDir,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Host {
    /// Starts one. None where this machine cannot, which has then been said.
    pub(crate) fn start() -> Option<Self> {
        Self::start_as(As::Caller)
    }

    /// Starts one that belongs to an ordinary user, in a user namespace.
    pub(crate) fn start_as(user: As) -> Option<Self> {
        let root = tempfile::Builder::new().prefix("twtune-test-").tempdir().expect("temporary folder");
        // The user nobody works in it as well.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
        let sandbox = Sandbox::start(user, root.path())?;
        Some(Self { root, sandbox, program: sandbox::program() })
    }

    /// Puts a copy of the program where every user can run it.
    pub(crate) fn share_program(&mut self) {
        let copy = self.path("twtune");
        fs::copy(sandbox::program(), &copy).expect("copy the program");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
        self.program = copy;
    }

    /// A path in the host's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file in the host's folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the root")).expect("mkdir");
        fs::write(&path, content).expect("write a file of the test");
        path
    }

    /// Writes a user profile of one rule or more; `rules` are the TOML after the head.
    pub(crate) fn profile(&self, name: &str, rules: &str) -> String {
        let head = format!("schema = 1\nname = \"{name}\"\nsummary = \"A profile of a test\"\n");
        self.file(&format!("{name}.toml"), format!("{head}\n{rules}"));
        format!("[ROOT]/{name}.toml")
    }

    fn words<'a>(&self, line: &'a str) -> impl Iterator<Item = String> + use<'a> {
        let root = self.root.path().to_string_lossy().into_owned();
        line.split_whitespace().map(move |word| word.replace("[ROOT]", &root))
    }

    /// The program with these arguments, split at white space, `[ROOT]` replaced.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = self.sandbox.command(self.root.path(), &self.program);
        command.args(self.words(arguments));
        command
    }

    /// Runs the program.
    pub(crate) fn twtune(&self, arguments: &str) -> Run {
        self.judge(run(&mut self.command(arguments)))
    }

    /// Runs the program below another one: `under("strace -f", "check general")`.
    pub(crate) fn under(&self, outer: &str, arguments: &str) -> Run {
        run(&mut self.command_under(outer, arguments))
    }

    fn command_under(&self, outer: &str, arguments: &str) -> Command {
        let mut words = self.words(outer);
        let mut command = self.sandbox.command(self.root.path(), words.next().expect("a program"));
        command.args(words).arg(&self.program).args(self.words(arguments));
        command
    }

    /// Runs the program as somebody who may change nothing. None where that cannot be had here.
    pub(crate) fn twtune_as_nobody(&self, arguments: &str) -> Option<Run> {
        Some(self.judge(run(&mut self.command_as_nobody(arguments)?)))
    }

    /// The program as somebody who may change nothing. None where that cannot be had here.
    pub(crate) fn command_as_nobody(&self, arguments: &str) -> Option<Command> {
        let mut command = self.sandbox.command_as_nobody(self.root.path(), &self.program)?;
        command.args(self.words(arguments));
        Some(command)
    }

    /// Makes paths presentable, and fails where the program broke down: no test expects that.
    pub(crate) fn judge(&self, mut run: Run) -> Run {
        let root = self.root.path().to_string_lossy().into_owned();
        run.stdout = run.stdout.replace(&root, "[ROOT]");
        run.stderr = run.stderr.replace(&root, "[ROOT]");
        assert!(
            run.signal.is_none() && run.code != Some(70) && run.code != Some(101) && run.code != Some(99),
            "broke down: {run:#?}"
        );
        assert!(!run.stderr.contains("panicked at"), "broke down: {run:#?}");
        run
    }

    /// Runs a shell script inside. It has to succeed; its standard output is the answer.
    pub(crate) fn sh(&self, script: &str) -> String {
        let mut command = self.sandbox.command(self.root.path(), "bash");
        command.args(["-euo", "pipefail", "-c"]).arg(script).env("TWTUNE", &self.program);
        let run = run(&mut command);
        assert!(run.code == Some(0), "{run:#?}");
        run.stdout
    }

    /// Starts a shell script inside that goes on running until the value is dropped; waits until it says `ready`.
    pub(crate) fn background(&self, script: &str) -> Background {
        use std::io::BufRead;
        use std::os::unix::process::CommandExt;
        let mut command = self.sandbox.command(self.root.path(), "bash");
        command.args(["-euo", "pipefail", "-c"]).arg(script).env("TWTUNE", &self.program);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("bash starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        std::io::BufReader::new(out).read_line(&mut line).expect("the script answers");
        assert_eq!(line, "ready\n", "{script}");
        Background { child }
    }

    /// The value of a setting, as `cat` shows it, without the line break.
    pub(crate) fn value(&self, key: &str) -> String {
        self.sh(&format!("cat {}", file_of(key))).trim_end().to_owned()
    }

    /// Changes a setting of the sandbox, past twtune.
    pub(crate) fn set(&self, key: &str, value: &str) {
        self.sh(&format!("printf %s '{value}' >{}", file_of(key)));
    }

    /// What there is now in the places that twtune writes to.
    pub(crate) fn left_behind(&self) -> String {
        self.sh("find /var/lib/twtune /etc/sysctl.d /etc/sysctl.conf -mindepth 1 2>/dev/null || true")
    }

    /// Every readable value below /proc/sys/net, but those that change by themselves.
    pub(crate) fn dump(&self) -> String {
        self.sh("cd /proc/sys/net && (grep -rs '' . || true) | grep -v -e nf_conntrack_count: -e /flush: | LC_ALL=C sort")
    }

    /// Makes every setting that the built-in profiles name differ from what they want, as far as the kernel lets it.
    pub(crate) fn detune(&self) {
        self.sh("cd /proc/sys/net
             set_to() { printf %s \"$2\" >\"$1\"; }
             set_to ipv4/tcp_syncookies 0
             set_to ipv4/tcp_max_tw_buckets 1000
             set_to ipv4/tcp_timestamps 0
             set_to ipv4/tcp_window_scaling 0
             set_to ipv4/tcp_sack 0
             set_to ipv4/tcp_moderate_rcvbuf 0
             set_to ipv4/tcp_fin_timeout 180
             set_to ipv4/tcp_abort_on_overflow 1
             set_to core/somaxconn 128
             set_to ipv4/tcp_tw_reuse 0
             set_to ipv4/ip_local_port_range '40000 50000'
             set_to ipv4/tcp_notsent_lowat 4294967295
             set_to ipv4/tcp_slow_start_after_idle 1");
    }
}

/// The kernel's file behind a key; a slash in a key is a dot in a name.
pub(crate) fn file_of(key: &str) -> String {
    let swapped: String = key
        .chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect();
    format!("/proc/sys/{swapped}")
}

/// A process that runs beside the test.
pub(crate) struct Background {
    child: Child,
}

impl Drop for Background {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Background {
    /// Its process number, which is the same inside the sandbox.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Run {
    /// Fails unless the exit code is this.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}: {self:#?}", self.command);
        self
    }

    /// The report: standard output is one JSON object of this schema and nothing else.
    #[track_caller]
    pub(crate) fn report(&self, schema: &str) -> Value {
        let report: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is no JSON object: {error}\n{self:#?}"));
        assert_eq!(report["schema"], format!("twtune.{schema}/1"), "{self:#?}");
        report
    }

    /// Fails unless both of the program's streams together hold this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "`{text}` is not in {self:#?}");
        self
    }
}

/// As [`Host::twtune`] with a limit of its own, for what must not hang.
pub(crate) fn within(host: &Host, limit: Duration, arguments: &str) -> Run {
    host.judge(sandbox::run_within(&mut host.command(arguments), limit))
}

/// As [`Host::twtune`] with so many seconds of a processor, however long a busy machine takes to give them.
pub(crate) fn worth(host: &Host, seconds: u32, arguments: &str) -> Run {
    let mut command = host.command_under(&format!("prlimit --cpu={seconds}"), arguments);
    host.judge(sandbox::run_within(&mut command, Duration::from_mins(5)))
}

/// Whether a path exists, a dangling link included.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
