//! twtune.
pub mod setting;
