//! A transient timer of systemd's that undoes an apply on probation: nothing of twtune's has to live on until then.
//! Only where whatever systemd starts works on the same machine as this process: PID 1 has our network and mount
//! namespaces and finds the same program and the same state directory under their paths.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::SystemTime;

use crate::plan::checksum;

// By their paths: what the environment says is nobody's business here. Before /usr was merged, systemctl lay in /bin.
const SYSTEMD_RUN: &str = "/usr/bin/systemd-run";
const SYSTEMCTL: &str = "/bin/systemctl";
/// `sd_booted(3)`: this folder is there where systemd is the manager.
const BOOTED: &str = "/run/systemd/system";

/// Starts the timer of an apply; false where systemd cannot be asked or would work on another machine.
pub(crate) fn start_timer(id: &str, state: &Path, within: Duration) -> bool {
    let Some((program, state)) = seen_alike(state) else { return false };
    // The present second of `ID.due` is not over yet, nor is the clock's.
    let seconds = within.as_secs() + 1;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    succeeds(
        Command::new(SYSTEMD_RUN)
            .args(["--quiet", "--collect", "--timer-property=AccuracySec=100ms"])
            .arg(format!("--unit={}", unit(id, &state)))
            .arg(format!("--description=twtune: undo apply {id} unless it is confirmed"))
            // systemd's timers stand still while the machine sleeps, the calendar does not. Whichever comes first
            // starts a watcher, which looks at `ID.due`, the truth, and waits for what is left of it.
            .arg(format!("--on-active={seconds}"))
            .arg(format!("--on-calendar=@{}", now.as_secs() + seconds + 1))
            .args(["--", &program, "watch", id, "--patient", "--state-dir", &state].map(unexpanded)),
    )
}

/// Stops the timer of an apply that was settled, which would find nothing to do; whether there was one.
pub(crate) fn stop_timer(id: &str, state: &Path) -> bool {
    let Some((_, state)) = seen_alike(state) else { return false };
    let timer = format!("{}.timer", unit(id, &state));
    succeeds(Command::new(SYSTEMCTL).args(["stop", "--quiet", &timer]))
}

/// Every state directory has an apply 1.
fn unit(id: &str, state: &str) -> String {
    format!("twtune-confirm-{id}-{:.8}", checksum(state))
}

/// systemd puts the environment's variables into the arguments of what it starts.
fn unexpanded(argument: &str) -> String {
    argument.replace('$', "$$")
}

fn succeeds(command: &mut Command) -> bool {
    let command = command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The paths of this program and the state directory, where whatever PID 1 starts finds the same there.
fn seen_alike(state: &Path) -> Option<(String, String)> {
    let program = std::env::current_exe().ok()?;
    let seen_alike = Path::new(BOOTED).is_dir()
        && same("/proc/1/ns/net", "/proc/self/ns/net")
        && same("/proc/1/ns/mnt", "/proc/self/ns/mnt")
        && same(seen_by_init(&program)?, "/proc/self/exe")
        && same(seen_by_init(state)?, state);
    seen_alike.then_some((program.to_str()?.to_owned(), state.to_str()?.to_owned()))
}

fn seen_by_init(path: &Path) -> Option<std::path::PathBuf> {
    Some(Path::new("/proc/1/root").join(path.strip_prefix("/").ok()?))
}

fn same(one: impl AsRef<Path>, other: impl AsRef<Path>) -> bool {
    let file = |path: &Path| -> io::Result<(u64, u64)> {
        let about = fs::metadata(path)?;
        Ok((about.dev(), about.ino()))
    };
    matches!((file(one.as_ref()), file(other.as_ref())), (Ok(one), Ok(other)) if one == other)
}
