//! The listening ports of Windows: nothing looks yet. No change there drags along ports that somebody listens on.

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
