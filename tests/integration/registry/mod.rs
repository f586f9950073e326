//! The registry: its values as texts, rules held against them, and transactions over it. Nothing here needs Windows;
//! `tests/windows/` runs the program on a registry.

mod judgement;
mod value;
