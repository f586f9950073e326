//! The tests that see the whole program: what it does on a real kernel, and how its source is laid out.
// Tests write files and end processes freely; the list is for what runs on a user's machine.
#![allow(clippy::disallowed_methods)]
#![allow(missing_docs)]

#[cfg(target_os = "linux")]
mod advice;
#[cfg(target_os = "linux")]
mod another_boot;
mod architecture;
#[cfg(target_os = "linux")]
mod bad_input;
#[cfg(target_os = "linux")]
mod besides;
mod boot;
#[cfg(target_os = "linux")]
mod boot_files;
mod catalogue;
mod checks;
#[cfg(target_os = "linux")]
mod cli_apply;
#[cfg(target_os = "linux")]
mod cli_boot;
#[cfg(target_os = "linux")]
mod cli_check;
#[cfg(target_os = "linux")]
mod cli_diagnose;
#[cfg(target_os = "linux")]
mod cli_explain;
#[cfg(target_os = "linux")]
mod cli_history;
#[cfg(target_os = "linux")]
mod cli_lab;
#[cfg(target_os = "linux")]
mod cli_plan;
#[cfg(target_os = "linux")]
mod cli_profile;
#[cfg(target_os = "linux")]
mod cli_rollback;
#[cfg(target_os = "linux")]
mod confirm;
#[cfg(target_os = "linux")]
mod exceptions;
#[cfg(target_os = "linux")]
mod forecast;
#[cfg(target_os = "linux")]
mod host;
mod judgement;
mod lore;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod owners;
mod profiles;
#[cfg(target_os = "linux")]
mod properties;
#[cfg(target_os = "linux")]
mod readme;
mod recipes;
mod registry;
#[cfg(target_os = "linux")]
mod reliability;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod saved_plan;
#[cfg(target_os = "linux")]
mod schema;
mod seeds;
#[cfg(target_os = "linux")]
mod timer;
mod transaction;
#[cfg(target_os = "linux")]
mod wine;
