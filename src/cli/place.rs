//! Where a command works: this machine's settings, another network namespace's, or an image's.

use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::advise;
use crate::cli::assume::Assumed;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::system;
use crate::cli::system::Root;
use crate::cli::system::Settings;
use crate::facts::Identity;
use crate::observe;
use crate::plan::Namespace;
use crate::platform::Platform;
use crate::platform::image::Image;
use crate::platform::stored::BootFolder;

// The options that say where.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// Live values, the values that the next boot sets, or both [default: both; live in another
    /// network namespace, and where it is not known what reads the files at boot]
    #[arg(long, value_enum)]
    target: Option<Target>,
    /// An image or chroot instead of this machine: boot values only
    #[arg(long, value_name = "DIR", conflicts_with_all = ["netns", "pid"])]
    root: Option<PathBuf>,
    /// Facts that an image cannot tell: linux=6.1,mem=16GiB,cpus=8
    #[arg(long, value_name = "FACT=VALUE,...", requires = "root")]
    assume: Option<Assumed>,
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
    pub(super) platform: Box<dyn Platform>,
    /// Whether it has the machine's own settings.
    pub(super) initial: bool,
    /// How it was entered, where it is not the caller's own network namespace.
    pub(super) entered: Option<Namespace>,
    /// The files that say what the next boot sets; None where there are none.
    pub(super) root: Option<Root>,
    /// What is assumed of an image; None of a running system.
    pub(super) assumed: Option<Assumed>,
    /// Which values count.
    pub(super) target: advise::Target,
    /// Whether boot values are left out, unasked, because it is not known what reads the files.
    pub(super) boot_left_out: bool,
}

impl PlaceArgs {
    /// The place, with its live values and its boot values.
    pub(super) fn open(&self) -> Result<Place, CliError> {
        if let Some(folder) = &self.root {
            return self.open_image(folder);
        }
        let entered = self.namespace.named();
        if entered.is_some() && matches!(self.target, Some(Target::Boot | Target::Both)) {
            return Err(CliError::usage("another network namespace has live values only")
                .hint("leave `--target` out, or say `--target live`"));
        }
        let mut place = open(entered)?;
        let files = place.root.as_ref().filter(|_| place.initial && self.target.is_none());
        let has_loader = files.map(system::has_boot_loader);
        place.boot_left_out = has_loader == Some(false);
        place.target = match self.target {
            // What Windows keeps is both at once.
            Some(Target::Both) if place.root.is_none() => advise::Target::Live,
            Some(Target::Boot) if place.root.is_none() => {
                let message = "a value here is the live one and the next boot's at once";
                return Err(CliError::usage(message).hint("leave `--target` out: both are meant then"));
            }
            Some(Target::Boot) => advise::Target::Boot,
            Some(Target::Both) => advise::Target::Both,
            // Where nothing is known to read the files at boot, they say nothing.
            None if has_loader == Some(true) => advise::Target::Both,
            Some(Target::Live) | None => advise::Target::Live,
        };
        Ok(place)
    }

    /// Whether it is an image: what waits to be settled on this machine does not concern it.
    pub(super) fn is_image(&self) -> bool {
        self.root.is_some()
    }

    /// The image's folder.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    fn open_image(&self, folder: &Path) -> Result<Place, CliError> {
        if matches!(self.target, Some(Target::Live | Target::Both)) {
            return Err(CliError::usage("an image has no live values")
                .hint("leave `--target` out, or say `--target boot`"));
        }
        image(folder, self.assume.clone().unwrap_or_default())
    }
}

impl Place {
    /// Where its history is kept.
    pub(super) fn state(&self, state: &StateArgs) -> Result<PathBuf, CliError> {
        match (&self.assumed, &self.root) {
            (Some(_), Some(root)) => system::image_state(root),
            _ => Ok(state.state_dir.clone()),
        }
    }

    /// Which host, boot and namespace it is. An image is itself, whoever has started it.
    pub(super) fn identity(&self) -> Result<Identity, CliError> {
        match (&self.assumed, &self.root) {
            (Some(_), Some(root)) => Ok(system::image_identity(root)),
            _ => here(),
        }
    }

    /// The files that set values at boot, where there are any.
    pub(super) fn folder(&self) -> Option<&dyn BootFolder> {
        self.root.as_ref().map(|root| root as &dyn BootFolder)
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

/// Which host, boot and namespace this is.
pub(super) fn here() -> Result<Identity, CliError> {
    observe::identity().map_err(|error| {
        let message =
            format!("cannot tell which boot this is, so nothing could be taken back safely: {error}");
        CliError::new(ErrorKind::Denied, message)
    })
}

/// Opens an image or chroot.
pub(super) fn image(folder: &Path, assumed: Assumed) -> Result<Place, CliError> {
    Ok(Place {
        platform: Box::new(Image),
        initial: true,
        entered: None,
        root: Some(system::image_root(folder)?),
        assumed: Some(assumed),
        target: advise::Target::Boot,
        boot_left_out: false,
    })
}

/// Opens the settings of a network namespace; None is the caller's own.
pub(super) fn open(entered: Option<Namespace>) -> Result<Place, CliError> {
    let platform = system::open_settings(entered.as_ref())?;
    // No file says what another namespace is to be.
    let root = if entered.is_none() { system::own_root()? } else { None };
    Ok(Place { entered, root, ..Place::here(platform) })
}

impl Place {
    /// Live values alone, of the network namespace that the calling thread is in.
    pub(super) fn here(platform: Settings) -> Self {
        Self {
            initial: platform.is_initial(),
            platform: Box::new(platform),
            entered: None,
            root: None,
            assumed: None,
            target: advise::Target::Live,
            boot_left_out: false,
        }
    }
}
