//! Claims and profiles proved by experiment. Each experiment runs in a process and in namespaces of its own, which end
//! with it: nothing of the machine is touched. Data comes out. Imports `setting`, `facts`, `profile`, `platform` and
//! `observe`.

mod experiment;
mod load;
#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod system;

use thiserror::Error;

pub use experiment::Course;
pub use experiment::Experiment;
pub use experiment::Finding;
pub use experiment::Verdict;
pub use load::Comparison;
pub use load::Measured;
pub use load::Workload;
pub use system::compare;
pub use system::enter_cell;
pub use system::run;

/// Every experiment, in the order in which they are listed.
#[must_use]
pub fn experiments() -> &'static [Experiment] {
    system::EXPERIMENTS
}

/// The experiments that prove what is said about a setting, a check or a concept.
pub fn experiments_about(topic: &str) -> impl Iterator<Item = &'static Experiment> {
    experiments().iter().filter(move |experiment| experiment.proves.contains(&topic))
}

/// Why nothing could be tried.
#[derive(Debug, Error)]
pub enum LabError {
    /// Namespaces cannot be had here.
    #[error("no private namespace can be made here: {cause}")]
    Forbidden {
        /// Why.
        cause: String,
        /// What helps.
        hints: Vec<String>,
    },
    /// A signal came; every experiment was ended.
    #[error("{0}; nothing is left behind")]
    Interrupted(String),
    /// The process of an experiment could not be started.
    #[error("cannot start an experiment: {0}")]
    Start(#[source] std::io::Error),
}

/// What is told while experiments run.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// How many have ended.
    pub done: usize,
    /// Of how many.
    pub of: usize,
    /// Those that run.
    pub running: &'a [&'static str],
    /// For how long, in seconds.
    pub seconds: u64,
}
