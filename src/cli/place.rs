//! Where a command works: this machine's settings, or another network namespace's.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::error::CliError;
use crate::cli::system;
use crate::cli::system::Settings;
use crate::plan::Namespace;

// The options that say where.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// Live values, the values that the next boot sets, or both. Boot values are not there yet: `both` means
    /// live for now
    #[arg(long, value_enum)]
    target: Option<Target>,
    /// An image or chroot instead of this machine. Not there yet
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(flatten)]
    namespace: NamespaceArgs,
}

// The options that name another network namespace.
#[derive(Debug, clap::Args)]
pub(super) struct NamespaceArgs {
    /// Another network namespace: a name as `ip netns` has it, or a path
    #[arg(long, value_name = "NAME|PATH", conflicts_with = "pid")]
    netns: Option<String>,
    /// The network namespace of a process
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    Live,
    Boot,
    Both,
}

/// An opened place.
pub(super) struct Place {
    pub(super) platform: Settings,
    /// How it was entered, where it is not the caller's own network namespace.
    pub(super) entered: Option<Namespace>,
}

impl PlaceArgs {
    pub(super) fn open(&self) -> Result<Place, CliError> {
        if self.root.is_some() {
            return Err(CliError::usage("--root is not there yet: this version reads running systems only"));
        }
        let entered = self.namespace.named();
        let elsewhere = entered.is_some();
        match self.target {
            Some(Target::Boot | Target::Both) if elsewhere => {
                return Err(CliError::usage("another network namespace has live values only")
                    .hint("leave `--target` out, or say `--target live`"));
            }
            Some(Target::Boot) => {
                return Err(CliError::usage(
                    "--target boot is not there yet: this version reads live values only",
                ));
            }
            Some(Target::Live | Target::Both) | None => {}
        }
        open(entered)
    }
}

impl NamespaceArgs {
    /// The namespace that was named, if one was.
    pub(super) fn named(&self) -> Option<Namespace> {
        let netns = self.netns.as_deref().map(|name| Namespace::Netns(absolute(name)));
        netns.or(self.pid.map(Namespace::Pid))
    }
}

/// A namespace's path from the root: a rollback may be asked for in another folder. A name stays a name.
fn absolute(name: &str) -> String {
    if !name.contains('/') {
        return name.into();
    }
    std::path::absolute(name).map_or_else(|_| name.into(), |path| path.display().to_string())
}

/// Opens the settings of a network namespace; None is the caller's own.
pub(super) fn open(entered: Option<Namespace>) -> Result<Place, CliError> {
    let platform = system::open_settings(entered.as_ref())?;
    Ok(Place { platform, entered })
}
