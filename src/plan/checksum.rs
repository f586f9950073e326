//! The checksum of what twtune writes and reads again.

use sha2::Digest;
use sha2::Sha256;

/// SHA-256 of a text, in hexadecimal digits.
#[must_use]
pub fn checksum(text: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(text.as_ref());
    let (halves, _) = digest.as_chunks();
    halves.iter().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).collect::<Vec<_>>().concat()
}
