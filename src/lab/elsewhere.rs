//! Where there are no namespaces there is no lab.

use crate::lab::Comparison;
use crate::lab::Experiment;
use crate::lab::Finding;
use crate::lab::LabError;
use crate::lab::Progress;

pub(super) const EXPERIMENTS: &[Experiment] = &[];

fn forbidden() -> LabError {
    LabError::Forbidden {
        cause: "the lab needs the network namespaces of Linux".into(),
        hints: vec!["run it on a Linux machine".into()],
    }
}

/// Runs experiments.
///
/// # Errors
/// Always.
pub fn run(
    _chosen: &[&'static Experiment],
    _interruption: &dyn Fn() -> Option<String>,
    _tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Finding>, LabError> {
    Err(forbidden())
}

/// Measures loads.
///
/// # Errors
/// Always.
pub fn compare(
    _before: &[(String, String)],
    _after: &[(String, String)],
    _interruption: &dyn Fn() -> Option<String>,
    _tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Comparison>, LabError> {
    Err(forbidden())
}

/// Does the work of a cell.
///
/// # Errors
/// Always.
pub fn enter_cell(_task: &str) -> std::io::Result<()> {
    Err(std::io::Error::other("there are no cells here"))
}
