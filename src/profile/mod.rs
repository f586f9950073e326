//! Profiles: what a workload wants of settings. TOML in, checked rules out, with all problems at once.
//! Pure: files are read by the caller; imports `setting` and `facts`.

mod amount;
mod builtin;
mod condition;
mod configuration;
mod constraint;
mod exception;
mod load;
mod problem;
mod rule;
mod selection;

pub use amount::Amount;
pub use builtin::BUILTINS;
pub use builtin::Builtin;
pub use condition::Condition;
pub use condition::Outcome;
pub use configuration::Configuration;
pub use constraint::Constraint;
pub use constraint::Cover;
pub use constraint::Literal;
pub use exception::Date;
pub use exception::Exception;
pub use load::load;
pub use problem::MOST_PROBLEMS;
pub use problem::Problem;
pub use rule::Clash;
pub use rule::Level;
pub use rule::NotRecommended;
pub use rule::Profile;
pub use rule::Rule;
pub use selection::Document;
pub use selection::Finder;
pub use selection::Needs;
pub use selection::RankedRule;
pub use selection::SelectError;
pub use selection::Selection;
pub use selection::select;
