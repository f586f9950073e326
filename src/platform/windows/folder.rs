//! Folders that Windows names. Not from the environment: whoever starts an elevated program may have written that.
#![allow(unsafe_code, reason = "std does not tell the system's folder or that of program data")]

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr::null_mut;

use windows_sys::Win32::System::Com::CoTaskMemFree;
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;
use windows_sys::Win32::UI::Shell::FOLDERID_ProgramData;
use windows_sys::Win32::UI::Shell::SHGetKnownFolderPath;

/// `C:\ProgramData`.
///
/// # Errors
/// Windows does not tell.
pub fn program_data() -> io::Result<PathBuf> {
    let (id, mut text) = (FOLDERID_ProgramData, null_mut());
    // SAFETY: the id is a constant of Windows, and `text` takes a pointer to memory that is ours from then on.
    let answer = unsafe { SHGetKnownFolderPath(&raw const id, 0, null_mut(), &raw mut text) };
    if answer != 0 || text.is_null() {
        return Err(io::Error::from_raw_os_error(answer));
    }
    // SAFETY: it is a text that ends in a zero, and is read up to there before it is freed, once.
    let path = unsafe {
        let length = (0..).take_while(|at| *text.add(*at) != 0).count();
        let path = OsString::from_wide(std::slice::from_raw_parts(text, length));
        CoTaskMemFree(text.cast());
        path
    };
    Ok(path.into())
}

/// `C:\Windows\System32`.
pub(super) fn system() -> io::Result<PathBuf> {
    let mut text = [0_u16; 512];
    let size = u32::try_from(text.len()).unwrap_or_default();
    // SAFETY: it writes at most `size` units, which is what `text` has.
    let length = unsafe { GetSystemDirectoryW(text.as_mut_ptr(), size) };
    match usize::try_from(length).ok().and_then(|length| text.get(..length)) {
        Some(path) if !path.is_empty() => Ok(OsString::from_wide(path).into()),
        _ => Err(io::Error::last_os_error()),
    }
}
