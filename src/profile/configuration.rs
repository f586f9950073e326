//! The configuration: what a command uses where its arguments say nothing.

use serde::Deserialize;

use crate::profile::Problem;

/// The configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The profiles of a command that names none.
    #[serde(default)]
    pub profiles: Vec<String>,
}

impl Configuration {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The first fault, and its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| {
            let message = error.message().lines().next().unwrap_or_default();
            Problem::at(file, text, &error.span().unwrap_or(0..0), message)
        })
    }
}
