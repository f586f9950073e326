//! Looking into other network namespaces, which Windows does not have.

use std::convert::Infallible;

use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::facts::Elsewhere;

/// Says that there are none.
pub(crate) fn elsewhere<T>(
    _: impl Fn(&Infallible, &Place) -> Result<T, CliError>,
) -> Result<Vec<Elsewhere<T>>, CliError> {
    Err(CliError::usage("--all-netns: Windows has no network namespaces"))
}

/// Says that there are none.
pub(crate) fn hand_out(_: u32) -> Result<(), CliError> {
    Err(CliError::usage("Windows has no network namespaces"))
}
