//! Changes a machine so that it can always be taken back: lock, rollback file, write, read back, undo. Nothing
//! else changes a machine. Imports `setting`, `facts`, `plan` and `platform`.

mod apply;
mod boot;
mod chain;
mod confirm;
mod copy;
mod damage;
mod edit;
mod execute;
#[cfg(target_os = "linux")]
#[path = "folder/linux.rs"]
mod folder;
#[cfg(windows)]
#[path = "folder/windows.rs"]
mod folder;
mod history;
mod lines;
mod look;
#[cfg(target_os = "linux")]
#[path = "moment/linux.rs"]
mod moment;
#[cfg(windows)]
#[path = "moment/windows.rs"]
mod moment;
mod record;
mod rollback;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::plan::Target;
use crate::platform::PlatformError;
use crate::platform::stored::FileError;
use crate::setting::Effect;
use crate::setting::Key;
use crate::setting::catalogue;
use crate::transaction::execute::shown;

pub use apply::Request;
pub use apply::apply;
pub use boot::drop_in;
pub use confirm::Probation;
pub use confirm::Watched;
pub use confirm::confirm;
pub use confirm::extend;
pub use confirm::is_on_probation;
pub use confirm::is_waiting;
pub use confirm::overdue;
pub use confirm::pending;
pub use confirm::watch;
pub use edit::Boot;
pub use history::Entry;
pub use history::State;
pub use history::history;
pub use history::interrupted;
pub use history::is_settled;
pub use history::readable_history;
pub use record::Change;
pub use record::Command;
pub use record::Outcome;
pub use record::Record;
pub use rollback::Choice;
pub use rollback::Undo;
pub use rollback::choose;
pub use rollback::choose_unconfirmed;
pub use rollback::give_up;
pub use rollback::preview;
pub use rollback::rollback;
pub use store::Store;
pub use store::StoreError;

/// A history: records, oldest first, each with how it ended.
type Records = Vec<(Record, Option<record::Ending>)>;

/// What an apply or a rollback did.
#[derive(Debug)]
pub struct Done {
    /// Its id in the history; None where nothing was begun.
    pub id: Option<String>,
    /// The id of the record that was undone, where it is another.
    pub undoes: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The rollback file.
    pub rollback_file: Option<PathBuf>,
    /// What became of each change.
    pub steps: Vec<Step>,
    /// Why it did not go through, where it did not.
    pub failure: Option<String>,
    /// The files that set values at boot and were written, or will be once it is confirmed.
    pub files: Vec<String>,
    /// Those of them that were taken away.
    pub removed: Vec<String>,
    /// Of an apply on probation: until when it waits to be confirmed.
    pub until: Option<Deadline>,
    /// The applies that got this time instead of what they had.
    pub extended: Vec<String>,
}

/// The end of a probation.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// When, UTC.
    pub time: String,
    /// How long that was from the moment at which it was set.
    pub within: Duration,
}

impl Done {
    /// Whether something that it did counts only after a reboot.
    #[must_use]
    pub fn needs_reboot(&self) -> bool {
        let late = |key| catalogue::find(key).is_some_and(|setting| setting.effect == Effect::AfterReboot);
        self.steps.iter().any(|step| step.result == StepResult::Done && late(&step.key))
    }

    /// Nothing was begun.
    #[must_use]
    pub const fn not_begun(outcome: Outcome) -> Self {
        Self {
            id: None,
            undoes: None,
            outcome,
            rollback_file: None,
            steps: Vec::new(),
            failure: None,
            files: Vec::new(),
            removed: Vec::new(),
            until: None,
            extended: Vec::new(),
        }
    }
}

/// What became of one change.
#[derive(Clone, Debug)]
pub struct Step {
    /// The setting.
    pub key: Key,
    /// Where it is changed.
    pub target: Target,
    /// The value before.
    pub before: Option<String>,
    /// The value that was to be.
    pub after: Option<String>,
    /// What became of it.
    pub result: StepResult,
    /// What there is to say about it.
    pub note: Option<String>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// It was made, and read back.
    Done,
    /// It was made and taken back, or not begun.
    Undone,
    /// It was left as it is: there was nothing to do, or it could not be put back.
    Left,
    /// Somebody else changed the setting since.
    Conflict,
}

impl fmt::Display for StepResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Done => "done",
            Self::Undone => "undone",
            Self::Left => "left",
            Self::Conflict => "conflict",
        })
    }
}

/// A setting that is no longer what the plan found.
#[derive(Debug, Error)]
#[error(
    "{key}{} was {} when it was drawn up and is {} now",
    if *target == Target::Boot { " at boot" } else { "" },
    shown(planned.as_deref()),
    shown(found.as_deref())
)]
pub struct Stale {
    /// The setting.
    pub key: Key,
    /// Where it is to be changed.
    pub target: Target,
    /// What the plan found.
    pub planned: Option<String>,
    /// What is there.
    pub found: Option<String>,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum TransactionError {
    /// The state directory or a file in it is not acceptable, or cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting cannot be opened for writing or read.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A file that sets values at boot cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Files that set values at boot could not be written.
    #[error("{0}")]
    Files(String),
    /// Files that set values at boot could not be written, and some of them not be put back.
    #[error("{0}")]
    FilesLeft(String),
    /// A file is no longer what twtune left, or what the plan found.
    #[error("{0} was changed by somebody else")]
    Changed(String),
    /// Somebody else's line wins over ours at the next boot that nobody knew of.
    #[error("{place} says `{line}` now, which wins over twtune's own line for {key}")]
    Shadowed {
        /// Its file and number.
        place: String,
        /// What it says.
        line: String,
        /// The setting.
        key: Key,
    },
    /// A line that wins over ours at the next boot and cannot be commented out.
    #[error("{0}")]
    InTheWay(String),
    /// An apply on probation cannot be confirmed, and waits on.
    #[error("apply {id} is not confirmed and waits on: {why}")]
    NotConfirmed {
        /// Its id.
        id: String,
        /// Why.
        why: Box<TransactionError>,
    },
    /// The confirmation of an apply was interrupted and may have changed some of its files.
    #[error("the confirmation of apply {0} was interrupted and may have changed some of its files")]
    HalfConfirmed(String),
    /// Settings are no longer what the plan found.
    #[error("the plan is stale: {}", .0.iter().map(Stale::to_string).collect::<Vec<_>>().join("; "))]
    Stale(Vec<Stale>),
    /// An apply or rollback was interrupted and has to be settled first.
    #[error("{command} {id} was interrupted and may have changed some of its settings")]
    Interrupted {
        /// What was interrupted.
        command: Command,
        /// Its id.
        id: String,
    },
    /// There is no such entry.
    #[error("there is no apply or rollback `{0}` in the history")]
    UnknownId(String),
    /// The record is of a network namespace that nothing leads to.
    #[error("record {0} was written in another network namespace")]
    Elsewhere(String),
    /// The record is from another place.
    #[error("{0}")]
    Foreign(String),
}
