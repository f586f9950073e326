//! Leaving the session that started us: nothing of its terminal, its pipes or its shell is held on to.
#![allow(unsafe_code, reason = "no safe call closes descriptors that nobody here owns")]

use std::fs::File;
use std::io;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A command of the program that runs, also where its file was replaced or removed since.
pub(crate) fn this_program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("twtune");
    command
}

/// Keeps a process that is to be detached from holding on to our folder.
pub(crate) fn free(command: &mut Command) -> &mut Command {
    command.current_dir("/")
}

/// Closes every descriptor that was handed down but the standard three. To be called before anything is opened.
fn close_inherited() {
    // SAFETY: this process has opened nothing yet, so no descriptor above 2 has an owner here.
    let closed = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    if closed == 0 {
        return;
    }
    // Before Linux 5.9. The list is complete before the first is closed, and so is the folder it was read from.
    let names =
        std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten().map(|entry| entry.file_name());
    let descriptors: Vec<i32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
    for descriptor in descriptors.into_iter().filter(|descriptor| *descriptor > 2) {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
}

/// Becomes a session of its own, says so on standard output, and lets go of it. To be called before anything is
/// opened.
pub(crate) fn detach() -> io::Result<()> {
    close_inherited();
    rustix::process::setsid()?;
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    let mut out = io::stdout().lock();
    out.write_all(b"ready\n")?;
    out.flush()?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    Ok(())
}
