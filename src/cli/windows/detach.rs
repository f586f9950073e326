//! Leaving the console that started us: what is started so goes on when that is closed.

use std::io;
use std::io::Write;
use std::os::windows::process::CommandExt;
use std::process::Command;

/// `DETACHED_PROCESS` and `CREATE_NEW_PROCESS_GROUP`: no console, and none of its signals.
const DETACHED: u32 = 0x0000_0008 | 0x0000_0200;

/// A command of the program that runs.
pub(crate) fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| "twtune.exe".into()))
}

/// Frees a process that is to be detached from our console and our folder.
pub(crate) fn free(command: &mut Command) -> &mut Command {
    command.current_dir(r"\").creation_flags(DETACHED)
}

/// Says on standard output that it goes on by itself; it has left already.
pub(crate) fn detach() -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(b"ready\n")?;
    out.flush()
}
