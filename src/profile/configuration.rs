//! The configuration: what a command uses where its arguments say nothing.

use crate::profile::Exception;

/// The configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The profiles of a command that names none.
    pub profiles: Vec<String>,
    /// What does not count on this host for a while.
    pub exceptions: Vec<Exception>,
}
