//! The lab on Linux. `run` starts a process for each experiment (`cell`), which moves into namespaces of its own
//! (`namespace`), and there tries its claim (`experiment/`).

mod cell;
mod closing;
mod experiment;
mod forbidden;
mod life;
mod look;
mod namespace;
mod notes;
mod option;
mod rtnetlink;
mod run;
mod side;
mod storm;
mod task;
mod tcp;
mod wire;
mod workload;

pub(super) use experiment::EXPERIMENTS;

pub use cell::enter_cell;
pub use run::compare;
pub use run::run;
