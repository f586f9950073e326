//! Facts and profiles to findings: what meets its rules, what does not, what nobody can tell, and what evidence means.
//! Pure; imports `setting`, `facts`, `profile` and `lore`.

mod allowed;
pub mod checks;
mod diagnosis;
mod except;
mod finding;
pub mod forecast;
mod headroom;
mod import;
mod judge;

pub use diagnosis::Choice;
pub use diagnosis::Diagnosis;
pub use diagnosis::diagnose;
pub use except::except;
pub use finding::Finding;
pub use finding::NamespaceFindings;
pub use finding::Overruled;
pub use finding::Report;
pub use finding::Status;
pub use finding::Target;
pub use headroom::Headroom;
pub use headroom::Ports;
pub use headroom::Reuse;
pub use headroom::headroom;
pub use import::ImportedLine;
pub use import::ImportedRule;
pub use import::Judgement;
pub use import::import;
pub use judge::judge;
pub use judge::lint;
