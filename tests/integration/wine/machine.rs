//! A Windows to try the program on: a Wine prefix of its own, a copy of one that is made once.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::sandbox::Run;
use crate::sandbox::has;
use crate::sandbox::lacking;
use crate::sandbox::run_within;

/// The values of TCP/IP.
pub(super) const PARAMETERS: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

/// The Windows that all others are copies of.
static PATTERN: OnceLock<PathBuf> = OnceLock::new();

/// Wine takes its time where the machine has much else to do.
const PATIENCE: Duration = Duration::from_mins(4);

/// What `tests/windows/build.sh` has built; None where it has not, which has then been said.
pub(super) fn bundle() -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/windows/bundle");
    let bundle = env::var_os("TWTUNE_WINDOWS").map_or(usual, PathBuf::from);
    let built = ["twtune.exe", "integration.exe", "netsh.exe", "rights.exe", "bcryptprimitives.dll"]
        .iter()
        .all(|name| bundle.join(name).is_file());
    if !built {
        lacking("needs twtune.exe: run tests/windows/build.sh");
    }
    built.then_some(bundle)
}

/// A Windows.
pub(super) struct Machine {
    root: TempDir,
}

impl Machine {
    /// Starts one, with the registry of a fresh installation. None where this machine cannot, which has then been said.
    pub(super) fn start() -> Option<Self> {
        let bundle = bundle()?;
        if !has("wine", "wine wine64") || !has("wineserver", "wine64") {
            return None;
        }
        let pattern = PATTERN.get_or_init(pattern);
        let machine = Self { root: folder() };
        // The files of the registry are written. Everything else is shared with all others, and only read.
        let (from, to) = (pattern.display(), machine.prefix());
        let to = to.display();
        shell(&format!("cp -al '{from}' '{to}' && rm '{to}'/*.reg && cp -p '{from}'/*.reg '{to}'"));
        let own = machine.path(r"C:\twtune");
        fs::create_dir(&own).expect("mkdir");
        for name in ["twtune.exe", "integration.exe", "rights.exe"] {
            fs::hard_link(bundle.join(name), own.join(name))
                .or_else(|_| fs::copy(bundle.join(name), own.join(name)).map(|_| ()))
                .expect("copy what was built");
        }
        // What Windows has, and Wine has not or in name only.
        for name in ["netsh.exe", "bcryptprimitives.dll"] {
            let system = machine.path(r"C:\windows\system32").join(name);
            let _ = fs::remove_file(&system);
            fs::copy(bundle.join(name), system).expect("copy the stand-in");
        }
        machine.serve();
        Some(machine)
    }

    /// Keeps Wine's server going between commands.
    fn serve(&self) {
        let served = self.tool("wineserver", ["-p"]).status().expect("wineserver starts");
        assert!(served.success(), "wineserver: {served}");
        // What Windows starts by itself is not to hold on to the pipes of a test. An update would write libraries anew,
        // in place, while other machines load them.
        let booted = self.command("wineboot", ["--init"]).status().expect("wine starts");
        assert!(booted.success(), "wineboot: {booted}");
    }

    /// Ends everything that runs on it; its registry is then on disk.
    pub(super) fn stop(&self) {
        // It fails where nothing runs.
        let _ = self.tool("wineserver", ["-k"]).status();
        let _ = self.tool("wineserver", ["-w"]).status();
    }

    /// Starts again what [`Self::stop`] ended.
    pub(super) fn restart(&self) {
        self.serve();
    }

    pub(super) fn prefix(&self) -> PathBuf {
        self.root.path().join("prefix")
    }

    /// What has been written since of the files that it shares with all others.
    pub(super) fn spoilt(&self) -> Vec<PathBuf> {
        let pattern = PATTERN.get().expect("it was made");
        let mut find = self.tool("find", [pattern.join("drive_c")]);
        find.args(["-type", "f", "-newer"]).arg(pattern.join("system.reg")).stdout(Stdio::piped());
        let output = find.output().expect("find starts");
        assert!(output.status.success(), "find: {}", output.status);
        String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect()
    }

    /// Where a path of this Windows really is: `C:\windows`.
    pub(super) fn path(&self, windows: &str) -> PathBuf {
        self.prefix().join("drive_c").join(windows.trim_start_matches(r"C:\").replace('\\', "/"))
    }

    fn tool(&self, program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.root.path()).env_clear();
        for name in ["PATH", "LANG"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.root.path())
            .env("WINEPREFIX", self.prefix())
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env("TWTUNE_OWN_REGISTRY", "yes")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=;netsh.exe=n");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// A command of this Windows.
    pub(super) fn command(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = self.tool("wine", [program]);
        command.args(arguments);
        command
    }

    /// Runs a command of this Windows.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Run {
        let start = || run_within(&mut self.command(program, arguments), PATIENCE);
        let mut run = start();
        // Where the machine has much else to do, Wine now and then ends a program before it began: with 1 and without a
        // word, as none of those that are run here does by itself.
        for _ in 0..5 {
            if run.code != Some(1) || !run.stdout.is_empty() || !run.stderr.is_empty() {
                break;
            }
            eprintln!("WINE started nothing: {program} {arguments:?}");
            sleep(Duration::from_secs(1));
            run = start();
        }
        for text in [&mut run.stdout, &mut run.stderr] {
            *text = text.replace("\r\n", "\n");
        }
        run
    }

    /// The program with these arguments, split at white space.
    pub(super) fn program(&self, arguments: &str) -> Command {
        self.command(r"C:\twtune\twtune.exe", arguments.split_whitespace())
    }

    /// Runs the program with these arguments, split at white space.
    pub(super) fn twtune(&self, arguments: &str) -> Run {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let run = self.run(r"C:\twtune\twtune.exe", &arguments);
        assert!(!run.stderr.contains("panicked at") && run.code != Some(70), "broke down: {run:#?}");
        run
    }

    /// The report of a command, and its exit code.
    pub(super) fn report(&self, arguments: &str) -> (Value, i32) {
        let run = self.twtune(&format!("{arguments} --format json"));
        let report = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        (report, run.code.expect("an exit code"))
    }

    /// Runs `reg`, which has to succeed.
    pub(super) fn reg(&self, arguments: &[&str]) -> String {
        let run = self.run("reg", arguments);
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.stdout
    }

    /// Sets a value of [`PARAMETERS`] past twtune.
    pub(super) fn set(&self, name: &str, kind: &str, data: &str) {
        self.reg(&["add", PARAMETERS, "/v", name, "/t", kind, "/d", data, "/f"]);
    }

    /// A value of [`PARAMETERS`] as `reg query` tells it: type and data.
    pub(super) fn value(&self, name: &str) -> Option<(String, String)> {
        let run = self.run("reg", &["query", PARAMETERS, "/v", name]);
        if run.code != Some(0) {
            return None;
        }
        let line = run.stdout.lines().map(str::trim).find(|line| line.starts_with(name))?;
        let mut parts = line[name.len()..].trim().splitn(2, "    ");
        Some((parts.next()?.trim().to_owned(), parts.next().unwrap_or_default().trim().to_owned()))
    }

    /// Everything of TCP/IP, [`PARAMETERS`] among it, as `reg export` writes it.
    pub(super) fn export(&self) -> String {
        let file = r"C:\export.reg";
        self.reg(&["export", r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip", file, "/y"]);
        let units: Vec<u16> = fs::read(self.path(file))
            .expect("the export is there")
            .as_chunks()
            .0
            .iter()
            .map(|unit| u16::from_le_bytes(*unit))
            .collect();
        String::from_utf16(&units).expect("an export is UTF-16")
    }

    /// A `.reg` file; its path as Windows has it.
    pub(super) fn reg_file(&self, name: &str, content: &str) -> String {
        let file = format!(r"C:\{name}.reg");
        // In UTF-16, or it would be taken for one of the time before Unicode.
        let text = format!("\u{feff}Windows Registry Editor Version 5.00\r\n\r\n{content}\r\n");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(self.path(&file), bytes).expect("write a file of the test");
        file
    }

    /// A profile of one rule or more; its path as Windows has it.
    pub(super) fn profile(&self, name: &str, rules: &str) -> String {
        let head = format!("schema = 1\nname = \"{name}\"\nsummary = \"A profile of a test\"\n");
        let file = format!(r"C:\{name}.toml");
        fs::write(self.path(&file), format!("{head}\n{rules}")).expect("write a file of the test");
        file
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What Windows 10 says of itself.
const WINDOWS_10: &str = r#"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]
"CurrentVersion"="6.3"
"CurrentMajorVersionNumber"=dword:0000000a
"CurrentMinorVersionNumber"=dword:00000000
"CurrentBuildNumber"="19045""#;

/// The Windows that all others are copies of, made once and kept with what is built.
fn pattern() -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let prefix = kept.join("wine-pattern");
    let lock = fs::File::create(kept.join("wine-pattern.lock")).expect("a lock");
    lock.lock().expect("it can be locked");
    if !prefix.is_dir() {
        let machine = Machine { root: folder() };
        let made = machine.command("wineboot", ["--init"]).status().expect("wine starts");
        assert!(made.success(), "wineboot: {made}");
        machine.reg(&["import", &machine.reg_file("version", WINDOWS_10)]);
        machine.stop();
        shell(&format!("mv '{}' '{}'", machine.prefix().display(), prefix.display()));
    }
    prefix
}

/// A folder beside the pattern, so that it can have the same files.
fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("wine-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("temporary folder")
}

fn shell(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status().expect("sh starts");
    assert!(status.success(), "{script}");
}
