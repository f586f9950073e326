//! Facts and profiles to findings: what meets its rules, what does not, and what nobody can tell.
//! Pure; imports `setting`, `facts` and `profile`.

mod allowed;
pub mod checks;
mod except;
mod finding;
mod judge;

pub use except::except;
pub use finding::Finding;
pub use finding::Overruled;
pub use finding::Report;
pub use finding::Status;
pub use judge::judge;
pub use judge::lint;
