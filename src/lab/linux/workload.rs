//! The loads that show what a profile does.

use std::io;

use crate::lab::Workload;
use crate::lab::system::task::Figures;

pub(super) fn measure(_workload: Workload, _settings: &[(String, String)]) -> io::Result<Figures> {
    Err(io::Error::other("not there yet"))
}
