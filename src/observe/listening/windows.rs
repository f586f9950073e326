//! The ports that somebody listens on. No change on Windows drags along ports that have to be known.

use std::io;

use crate::setting::PortRange;
use crate::setting::PortSet;

/// Nobody asks: a dynamic port range has no list of reserved ports beside it.
///
/// # Errors
/// Always.
pub fn listening(_present: PortRange) -> io::Result<PortSet> {
    Err(io::ErrorKind::Unsupported.into())
}
