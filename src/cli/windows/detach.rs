//! Leaving the console that started us: what is started so goes on when that is closed.
#![allow(unsafe_code, reason = "std hands down every handle that may be inherited, and does not say which")]

use std::io;
use std::io::Write;
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::process::Command;

use windows_sys::Win32::Foundation::HANDLE_FLAG_INHERIT;
use windows_sys::Win32::Foundation::SetHandleInformation;

/// `DETACHED_PROCESS` and `CREATE_NEW_PROCESS_GROUP`: no console, and none of its signals.
const DETACHED: u32 = 0x0000_0008 | 0x0000_0200;

/// A command of the program that runs.
pub(crate) fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| "twtune.exe".into()))
}

/// Frees a process that is to be detached from our console, our folder, and whoever reads what we print: they would
/// wait for its end.
pub(crate) fn free(command: &mut Command) -> &mut Command {
    for handle in [io::stdin().as_raw_handle(), io::stdout().as_raw_handle(), io::stderr().as_raw_handle()] {
        // SAFETY: it changes one flag of a handle that is open as long as the process lives. Where there is none, or
        // it is a console's, it fails, and there is nothing to be handed down.
        unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) };
    }
    command.current_dir(r"\").creation_flags(DETACHED)
}

/// Says on standard output that it goes on by itself; it has left already.
pub(crate) fn detach() -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(b"ready\n")?;
    out.flush()
}
