//! Errors to exit codes.

use std::io;

use crate::cli::system;
use crate::platform::PlatformError;
use crate::platform::stored::FileError;
use crate::profile::Problem;
use crate::transaction::StoreError;
use crate::transaction::TransactionError;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) hints: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

/// What an error means to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorKind {
    /// The command line is wrong.
    Usage,
    /// Something that was given is not acceptable.
    Refused,
    /// This user may not, or it cannot be read or written here.
    Denied,
    /// A signal came before anything was begun.
    Interrupted,
    /// Something could not be put back.
    Incomplete,
    /// Whoever read the report has seen enough and went away: no error at all.
    ReaderGone,
}

impl ErrorKind {
    pub(super) const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Denied => 4,
            Self::Interrupted => 5,
            Self::Incomplete => 6,
            Self::ReaderGone => 0,
        }
    }
}

impl CliError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message)
    }

    /// A name that the catalogue does not have.
    pub(super) fn unknown_setting(kind: ErrorKind, message: String, nearest: &[&str]) -> Self {
        let error = Self::new(kind, message);
        if nearest.is_empty() { error } else { error.hint(format!("did you mean {}?", nearest.join(" or "))) }
    }

    /// Profiles that are not acceptable.
    pub(super) fn faulty_profiles(problems: Vec<Problem>) -> Self {
        let message = match problems.len() {
            1 => "a problem in profiles".into(),
            count => format!("{count} problems in profiles"),
        };
        Self::refused(message).problems(problems)
    }

    /// The error of reading what a user named: where that is not there, or leads nowhere, it is not acceptable.
    pub(super) fn io(operation: &str, place: impl std::fmt::Display, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Refused,
        };
        Self::new(kind, format!("cannot {operation} {place}: {error}"))
    }

    /// The error of reading what the system has, or of writing.
    pub(super) fn denied(operation: &str, place: impl std::fmt::Display, error: &io::Error) -> Self {
        Self::new(ErrorKind::Denied, format!("cannot {operation} {place}: {error}"))
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn problems(mut self, problems: Vec<Problem>) -> Self {
        self.problems = problems;
        self
    }
}

impl From<PlatformError> for CliError {
    fn from(error: PlatformError) -> Self {
        let denied = Self::new(ErrorKind::Denied, error.to_string());
        if error.denied { denied.hint(system::administrator()) } else { denied }
    }
}

/// What helps where it is the disk that is in the way.
fn remedy(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull => Some("make room on that file system, then try again"),
        io::ErrorKind::QuotaExceeded => Some("make room within the quota there, then try again"),
        io::ErrorKind::ReadOnlyFilesystem => Some(
            "that file system is mounted read-only: make it writable (`mount -o remount,rw`), then try again",
        ),
        _ => None,
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Unacceptable { .. } => Self::refused(message),
            StoreError::Damaged { foreign: true, .. } => {
                Self::refused(message).hint("another version of twtune wrote it: take that one, or a newer one")
            }
            StoreError::Damaged { id, .. } => Self::refused(message)
                .hint(format!(
                    "what {id} changed can be told from that file alone: until it is whole, no file that the next boot \
                     reads is written, and nothing is taken back but live applies that came later; put a copy of it in \
                     its place (`apply --rollback-file`, a backup)"
                ))
                .hint(format!(
                    "where there is none, move {id}.json, {id}.end and {id}.due out of that folder: what {id} set is \
                     then somebody else's, and stays; `twtune history` lists the others"
                )),
            StoreError::Interrupted(_) => Self::new(ErrorKind::Interrupted, message),
            StoreError::Io { operation, source, .. }
                if source.kind() == io::ErrorKind::NotFound && operation != "create" =>
            {
                Self::refused(message).hint("`twtune history` lists the records; a file is named by its path")
            }
            StoreError::Io { source, .. } => Self::new(ErrorKind::Denied, message).hint(
                remedy(&source)
                    .unwrap_or("run it as its owner, or name a directory of your own with `--state-dir DIR`"),
            ),
            StoreError::Busy(_) => Self::new(ErrorKind::Denied, message).hint("wait for it, then try again"),
        }
    }
}

impl From<TransactionError> for CliError {
    fn from(error: TransactionError) -> Self {
        let message = error.to_string();
        match error {
            TransactionError::Store(error) => error.into(),
            TransactionError::Platform(error) => error.into(),
            TransactionError::Stale(_) => Self::refused(message).hint("plan again"),
            TransactionError::Interrupted { .. } => {
                Self::refused(message).hint("`twtune rollback` settles it, then try again")
            }
            TransactionError::File(FileError { source, .. }) => Self::new(ErrorKind::Denied, message)
                .hint(remedy(&source).unwrap_or_else(system::administrator)),
            TransactionError::Files(_) => Self::new(ErrorKind::Denied, message).hint(system::administrator()),
            TransactionError::FilesLeft(_) => {
                Self::new(ErrorKind::Incomplete, message).hint("`twtune confirm` tries again")
            }
            TransactionError::Changed(_) => Self::refused(message)
                .hint("move the lines of your own to another file, or plan again where it is not twtune's"),
            TransactionError::Shadowed { .. } | TransactionError::InTheWay(_) => Self::refused(message)
                .hint("take that line away, or plan again: `--take-over` comments such lines out"),
            TransactionError::NotConfirmed { id, why } => {
                let rolls_back = format!("`twtune rollback {id}` takes it back");
                Self { message, ..Self::from(*why) }.hint(rolls_back)
            }
            TransactionError::HalfConfirmed(id) => {
                Self::refused(message).hint(format!("`twtune confirm` again, or `twtune rollback {id}`"))
            }
            TransactionError::UnknownId(_) => Self::refused(message).hint("`twtune history` lists them"),
            TransactionError::Elsewhere(id) => Self::refused(message)
                .hint(format!(
                    "run it there: `nsenter --net --target PID twtune rollback {id}` by a process of that namespace"
                ))
                .hint(format!(
                    "where that is gone, so is what {id} set: `twtune rollback` passes over it, unless it was interrupted; \
                     then move {id}.json, {id}.end and {id}.due out of the state directory"
                )),
            TransactionError::Foreign(_) => Self::refused(message),
        }
    }
}
