//! Who may change a file: its security descriptor, and folders for the administrators alone.
#![allow(unsafe_code, reason = "std neither reads nor sets who may do what with a file")]

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::ffi::OsStringExt;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::CloseHandle;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::ConvertSecurityDescriptorToStringSecurityDescriptorW;
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::Authorization::ConvertStringSecurityDescriptorToSecurityDescriptorW;
use windows_sys::Win32::Security::Authorization::GetNamedSecurityInfoW;
use windows_sys::Win32::Security::Authorization::SDDL_REVISION_1;
use windows_sys::Win32::Security::Authorization::SE_FILE_OBJECT;
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;
use windows_sys::Win32::Security::GetTokenInformation;
use windows_sys::Win32::Security::OWNER_SECURITY_INFORMATION;
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Security::TOKEN_QUERY;
use windows_sys::Win32::Security::TOKEN_USER;
use windows_sys::Win32::Security::TokenUser;
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::Win32::System::Threading::OpenProcessToken;

use crate::platform::descriptor;

/// The administrators and the system have all rights to the folder and to what is made in it, nobody else any, and
/// nothing comes from the folder above. `OW` is whoever owns it: a user who keeps a history of their own.
const PRIVATE: &str = "D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FA;;;OW)";

/// Makes a folder that nobody but the administrators and its owner can open.
///
/// # Errors
/// It cannot be made, or is there already.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let (path, private) = (wide(path), wide(Path::new(PRIVATE)));
    let mut descriptor = null_mut();
    // SAFETY: both texts end in a zero; `descriptor` takes a pointer to memory that is ours, and is freed once, after
    // its last use.
    unsafe {
        if ConvertStringSecurityDescriptorToSecurityDescriptorW(
            private.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            null_mut(),
        ) == 0
        {
            return Err(io::Error::last_os_error());
        }
        let size = u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default();
        let attributes =
            SECURITY_ATTRIBUTES { nLength: size, lpSecurityDescriptor: descriptor, bInheritHandle: 0 };
        let made = CreateDirectoryW(path.as_ptr(), &raw const attributes);
        let error = io::Error::last_os_error();
        LocalFree(descriptor);
        if made == 0 { Err(error) } else { Ok(()) }
    }
}

/// Why others than this user and the administrators could change a file or folder; None where they could not.
///
/// # Errors
/// Windows does not tell.
pub fn others_who_may_change(path: &Path) -> io::Result<Option<String>> {
    Ok(descriptor::others_who_may_change(&descriptor_of(path)?, &user()?))
}

/// Owner and access list of a file, as SDDL.
fn descriptor_of(path: &Path) -> io::Result<String> {
    let path = wide(path);
    let wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    let mut descriptor = null_mut();
    let mut text = null_mut();
    // SAFETY: the path ends in a zero; what the two calls give us is ours, and is freed once, after its last use.
    unsafe {
        let answer = GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            wanted,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        );
        if answer != 0 {
            return Err(io::Error::from_raw_os_error(answer.cast_signed()));
        }
        let told = ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor,
            SDDL_REVISION_1,
            wanted,
            &raw mut text,
            null_mut(),
        );
        let error = io::Error::last_os_error();
        LocalFree(descriptor);
        if told == 0 { Err(error) } else { Ok(taken(text)) }
    }
}

/// The SID of whoever runs this process.
fn user() -> io::Result<String> {
    let mut token = null_mut();
    // TOKEN_USER with the longest SID behind it, in words so that it lies where it may.
    let mut about = [0_u64; 16];
    let mut text = null_mut();
    // SAFETY: the token is closed once; at most `size` bytes of `about` are written, and it is read as what was asked
    // for only where that went well; `text` is ours.
    unsafe {
        if OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) == 0 {
            return Err(io::Error::last_os_error());
        }
        let size = u32::try_from(size_of_val(&about)).unwrap_or_default();
        let mut length = 0;
        let told = GetTokenInformation(token, TokenUser, about.as_mut_ptr().cast(), size, &raw mut length);
        let error = io::Error::last_os_error();
        CloseHandle(token);
        if told == 0 {
            return Err(error);
        }
        let user = &*about.as_ptr().cast::<TOKEN_USER>();
        if ConvertSidToStringSidW(user.User.Sid, &raw mut text) == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(taken(text))
    }
}

/// A text of Windows', freed.
///
/// # Safety
/// It is `LocalAlloc`'s and ends in a zero, and nobody uses it again.
unsafe fn taken(text: *mut u16) -> String {
    // SAFETY: as the caller promises.
    unsafe {
        let length = (0..).take_while(|at| *text.add(*at) != 0).count();
        let taken = OsString::from_wide(std::slice::from_raw_parts(text, length));
        LocalFree(text.cast());
        taken.to_string_lossy().into_owned()
    }
}

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}
