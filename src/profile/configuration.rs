//! The configuration: what a command uses where its arguments say nothing.

use crate::profile::Exception;
use crate::profile::Problem;
use crate::profile::load;

/// The configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The profiles of a command that names none.
    pub profiles: Vec<String>,
    /// What does not count on this host for a while.
    pub exceptions: Vec<Exception>,
}

impl Configuration {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// Every fault of the text, in the order of their places.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        load::configuration(file, text)
    }
}
