//! The settings of this machine, or of another network namespace.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::facts::Door;
use crate::observe;
use crate::plan::Namespace;
use crate::plan::Origin;
use crate::platform::linux;
use crate::platform::linux::Procfs;
use crate::platform::linux::netns;

pub(super) const PROC_SYS: &str = "/proc/sys";

/// What lets a user write settings.
pub(crate) fn administrator() -> &'static str {
    if may_write() {
        "root may not do it here: a container forbids it, or a file system is mounted read-only"
    } else {
        "run it as root, or inside a user namespace of your own (`unshare -rn`)"
    }
}

/// Whether this user may write settings, as far as the user is concerned.
pub(crate) fn may_write() -> bool {
    rustix::process::geteuid().is_root()
}

/// The settings of a running system.
pub(crate) type Settings = Procfs;

/// Opens the settings of a network namespace; None is the caller's own.
pub(crate) fn open_settings(entered: Option<&Namespace>) -> Result<Settings, CliError> {
    if let Some(namespace) = entered {
        enter(namespace)?;
    }
    let platform =
        Procfs::open(Path::new(PROC_SYS)).map_err(|error| CliError::denied("open", PROC_SYS, &error))?;
    if !platform.is_initial() && !platform.has_settings() {
        let message = format!("there are no settings below {PROC_SYS} here");
        return Err(CliError::new(ErrorKind::Denied, message).hint("is it a container that hides /proc?"));
    }
    Ok(platform)
}

/// Whether the network namespace of a record is still there, as far as this user can tell: one that was not entered
/// by a name or a process cannot be looked for.
pub(crate) fn is_there(origin: &Origin) -> bool {
    let Some(namespace) = origin.entered.clone() else { return true };
    let recorded = origin.netns.clone();
    // In a thread of its own, which alone moves there.
    let look = move || match enter(&namespace) {
        Ok(()) => observe::netns() == recorded,
        Err(error) => error.kind == ErrorKind::Denied,
    };
    std::thread::spawn(look).join().unwrap_or(true)
}

/// Goes into the network namespace of a process, and sends out on standard input what is to be seen of it.
pub(crate) fn hand_out(pid: u32) -> Result<(), CliError> {
    linux::hand_out(pid).map_err(|error| CliError::io("enter", format!("process {pid}"), &error))
}

fn enter(namespace: &Namespace) -> Result<(), CliError> {
    let (door, name) = match namespace {
        Namespace::Netns(name) => (netns::named(name), format!("the network namespace `{name}`")),
        Namespace::Pid(pid) => (Door::Process(*pid), format!("the network namespace of process {pid}")),
    };
    netns::enter(&door).map_err(|error| match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            CliError::new(ErrorKind::Denied, format!("not permitted to enter {name}"))
                .hint("run it as root; a rootless container of your own can be entered with `--pid`")
        }
        Some(libc::ENOENT) => CliError::refused(format!("there is no file for {name}"))
            .hint("`ip netns list` lists named ones; `--pid` takes a process's"),
        Some(libc::ESRCH) => CliError::refused(format!("there is no such process: {name}")),
        Some(libc::EINVAL) => CliError::refused(format!("{name} is not a network namespace")),
        _ => CliError::io("enter", &name, &error),
    })
}
