//! The road that check, plan and apply share: profiles to rules, rules to a look at the host, and the findings.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::Path;

use clap::ValueEnum;

use crate::advise;
use crate::advise::Report;
use crate::advise::Target;
use crate::advise::checks;
use crate::advise::checks::BootView;
use crate::advise::checks::Concern;
use crate::advise::checks::RegistryView;
use crate::advise::judge;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::cli::place::Place;
use crate::cli::system;
use crate::facts::Boot;
use crate::facts::BootReading;
use crate::facts::Host;
use crate::facts::LiveReading;
use crate::facts::Loader;
use crate::facts::Os;
use crate::facts::Snapshot;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Named;
use crate::facts::boot::Reading;
use crate::facts::boot::on_kernel;
use crate::observe;
use crate::observe::Wanted;
use crate::plan;
use crate::plan::BootPlace;
use crate::plan::DropIn;
use crate::plan::Obstacle;
use crate::plan::Plan;
use crate::platform::stored::BootFolder;
use crate::profile;
use crate::profile::Needs;
use crate::profile::RankedRule;
use crate::profile::Selection;
use crate::setting::Key;
use crate::setting::PortSet;
use crate::setting::catalogue;
use crate::setting::registry_path;
use crate::transaction;
use crate::transaction::Store;
use crate::transaction::StoreError;

// The options that say which rules count.
#[derive(Debug, clap::Args)]
pub(super) struct RuleArgs {
    /// The profiles: names, or paths, which have a slash or end in .toml [default: the configuration's, else
    /// general]
    #[arg(value_name = "PROFILE")]
    pub(super) profiles: Vec<String>,
    /// Which rules count
    #[arg(long, value_enum, default_value_t = Level::All)]
    level: Level,
    /// Leave this setting out; may be repeated
    #[arg(long, value_name = "KEY")]
    skip: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// All rules
    All,
    /// Only those that are required
    Required,
}

impl RuleArgs {
    /// The settings to leave out.
    pub(super) fn skipped(&self) -> Result<Vec<Key>, CliError> {
        self.skip.iter().map(|name| resolve_key(name, "--skip")).collect()
    }

    /// The rules that count, those that win first.
    pub(super) fn rules<'a>(&self, selection: &'a Selection, skip: &[Key]) -> Vec<RankedRule<'a>> {
        let level = match self.level {
            Level::All => profile::Level::Recommended,
            Level::Required => profile::Level::Required,
        };
        selection.rules(observe::OS, level, skip)
    }
}

/// The key that an option's value names.
pub(super) fn resolve_key(name: &str, option: &str) -> Result<Key, CliError> {
    catalogue::resolve(name).map(|(key, _)| key).map_err(|nearest| {
        let message = format!("{option}: there is no setting `{name}`");
        CliError::unknown_setting(ErrorKind::Usage, message, &nearest)
    })
}

/// A host as it was found, and the rules held against it.
pub(super) struct Survey<'a> {
    pub(super) host: Host,
    pub(super) report: Report<'a>,
    /// What is wrong with the files that set values at boot, where they were looked at; of Windows, with its registry.
    pub(super) concerns: Vec<Concern>,
    snapshot: Snapshot,
    /// The files that say what the next boot sets, where they were looked at.
    boot_files: Option<BootFiles>,
    excepted: Vec<Key>,
}

/// How far to look, beyond what the verdicts need.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Depth {
    /// Which host, boot and namespace it is.
    pub(super) identity: bool,
    /// Whether each setting could be written.
    pub(super) writable: bool,
    /// What the next boot sets, whether or not it counts.
    pub(super) boot: bool,
}

/// Looks at the host as far as the rules need it, and `depth` asks for.
pub(super) fn survey<'a>(
    place: &Place,
    rules: &[RankedRule<'a>],
    depth: Depth,
) -> Result<Survey<'a>, CliError> {
    let needs = Needs::of(rules);
    let identity = depth.identity;
    let wanted =
        Wanted { memory: needs.memory || identity, processors: needs.processors || identity, identity };
    let mut host = match (&place.assumed, &place.root) {
        (Some(assumed), Some(root)) => assumed.host(root.name()),
        _ => observe::host(wanted, place.initial),
    };
    let snapshot = look(place, rules, depth.writable);
    let (boot, concerns, boot_files) = match &place.root {
        Some(root) if depth.boot || place.target != Target::Live => {
            let (files, loader) = root.boot_files();
            host.boot_loader = loader;
            let (boot, concerns) = foresee(&files, &host, place, rules, &snapshot);
            (boot, concerns, Some(files))
        }
        Some(_) => (Boot::new(), Vec::new(), None),
        None => (Boot::new(), set_in_vain(&host, place), None),
    };
    let report = hold(&host, rules, &snapshot, &boot, place.target)?;
    Ok(Survey { host, report, concerns, snapshot, boot_files, excepted: Vec::new() })
}

/// Holds the rules against the live values that were read of another network namespace.
pub(super) fn survey_elsewhere<'a>(
    host: Host,
    rules: &[RankedRule<'a>],
    snapshot: Snapshot,
) -> Result<Survey<'a>, CliError> {
    let report = hold(&host, rules, &snapshot, &Boot::new(), Target::Live)?;
    let boot_files = None;
    Ok(Survey { host, report, concerns: Vec::new(), snapshot, boot_files, excepted: Vec::new() })
}

/// Reads the settings that the rules name.
pub(super) fn look(place: &Place, rules: &[RankedRule<'_>], writable: bool) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for ranked in rules {
        look_at(&mut snapshot, place, &ranked.rule.key, writable);
    }
    snapshot
}

fn hold<'a>(
    host: &Host,
    rules: &[RankedRule<'a>],
    snapshot: &Snapshot,
    boot: &Boot,
    target: Target,
) -> Result<Report<'a>, CliError> {
    judge(host, rules, snapshot, boot, target).map_err(|problems| {
        CliError::refused("rules of equal rank cannot both hold")
            .problems(problems)
            .hint("name the profile that shall win last, or leave the setting out with `--skip KEY`")
    })
}

/// What the next boot makes of the settings that rules name, and what is wrong with the files that say so.
fn foresee(
    files: &BootFiles,
    host: &Host,
    place: &Place,
    rules: &[RankedRule<'_>],
    snapshot: &Snapshot,
) -> (Boot, Vec<Concern>) {
    let readings = Loader::ALL.map(|loader| Reading::new(files, loader));
    let mut boot = Boot::new();
    for ranked in rules {
        boot.entry(ranked.rule.key.clone()).or_insert_with_key(|key| {
            let [systemd, procps] = readings.each_ref().map(|reading| reading.value(key));
            on_kernel(BootReading { systemd, procps }, ranked.rule.setting, host.version)
        });
    }
    // Elsewhere the machine's own keys are not missing, only out of sight.
    let missing = (place.initial && place.assumed.is_none()).then(|| missing(&readings, place));
    let modules = place.root.as_ref().map(system::boot_modules).unwrap_or_default();
    let view = BootView {
        files,
        readings: &readings,
        boot: &boot,
        host,
        snapshot,
        missing: missing.as_ref(),
        modules: &modules,
    };
    let concerns = checks::over_files(&view);
    (boot, concerns)
}

/// Values of the registry that are set and do nothing, or nothing that is known; Linux has no registry.
fn set_in_vain(host: &Host, place: &Place) -> Vec<Concern> {
    if host.os != Os::Windows {
        return Vec::new();
    }
    let mut values = Snapshot::new();
    for key in catalogue::all().filter_map(|setting| Key::parse(setting.key).ok()) {
        if registry_path(&key).is_some() {
            look_at(&mut values, place, &key, false);
        }
    }
    checks::over_registry(&RegistryView { host, values: &values })
}

/// The paths in the files that the running kernel does not have.
fn missing<'r>(readings: &'r [Reading<'_>; 2], place: &Place) -> HashSet<&'r [u8]> {
    let names = readings[0].names().filter(|name| !name.is_pattern() && name.assignments().next().is_some());
    let gone = |path: &&[u8]| {
        let key = std::str::from_utf8(path).ok().and_then(|path| Key::parse(path).ok());
        key.is_some_and(|key| !place.platform.has(&key))
    };
    names.map(Named::path).filter(gone).collect()
}

/// Why twtune's own file is not to be written: it is not what the history says.
fn unlike(root: &system::Root, own: &Result<DropIn, StoreError>) -> Option<(Obstacle, String)> {
    let unlike = |why: String| Some((Obstacle::Unacceptable, why));
    let (file, own) = match (root.read_file(plan::DROP_IN), own) {
        (Ok(file), Ok(own)) => (file, own.text()),
        (Err(error), _) => return unlike(error.to_string()),
        (_, Err(error)) => return unlike(error.to_string()),
    };
    if file.as_ref().map(|file| file.content.as_slice()) == own.as_deref().map(str::as_bytes) {
        return None;
    }
    let file = plan::DROP_IN;
    unlike(match own {
        Some(_) => format!(
            "{file} was changed by somebody else since; lines of your own belong into another file, and \
             `twtune rollback` takes twtune's away"
        ),
        None => format!(
            "{file} is from no apply in this history; `twtune rollback FILE` takes one of another back, \
             or move the file away"
        ),
    })
}

pub(super) fn look_at(snapshot: &mut Snapshot, place: &Place, key: &Key, writable: bool) {
    let reading = snapshot.entry(key.clone()).or_insert_with(|| LiveReading {
        state: place.platform.read(key),
        writable: None,
        newer_than_boot: place.platform.newer_than_boot(key),
    });
    if writable && reading.writable.is_none() {
        reading.writable = Some(place.platform.writable(key));
    }
}

impl<'a> Survey<'a> {
    /// Heeds what the profiles and the configuration say besides their rules: what is excepted today, and what is to
    /// be minded of profiles that are used together.
    pub(super) fn heed(mut self, selection: &'a Selection) -> Self {
        self.report.clashes = selection.clashes().collect();
        if !selection.exceptions.is_empty() {
            let today = Context::today();
            let holding = selection.exceptions.iter().filter(|exception| today <= exception.until);
            self.excepted = holding.map(|exception| exception.key.clone()).collect();
            advise::except(&mut self.report, &selection.exceptions, today);
        }
        self
    }

    /// Draws up the plan that would meet every rule: one for this user to apply, or one for somebody who may write
    /// what this user may not; one to be shown, or one that is applied at once.
    pub(super) fn plan(
        &mut self,
        place: &Place,
        skip: &[Key],
        state: Option<&Path>,
        take_over: bool,
        (to_apply, to_show): (bool, bool),
    ) -> Result<Plan, CliError> {
        for key in plan::concerned(&self.report) {
            look_at(&mut self.snapshot, place, &key, to_apply);
        }
        let listening = match plan::range_to_change(&self.report) {
            None => PortSet::default(),
            Some(present) => observe::listening(present)
                .map_err(|error| CliError::denied("read", "the sockets that listen", &error))?,
        };
        let left_out = [skip, &self.excepted].concat();
        let mut plan = plan::draw(&self.host, &self.report, &self.snapshot, &listening, &left_out);
        if let (Some(files), Some(root)) = (&self.boot_files, &place.root)
            && place.target != Target::Live
        {
            // Who may not see the history may not write the files either, and is told so by their folder.
            let store = state.and_then(|state| Store::open(state).ok()).flatten();
            let own = transaction::drop_in(store.as_ref(), &place.identity()?);
            let denied = root.obstacle(plan::DROP_IN).map(|why| (Obstacle::Permission, why));
            // Who applies finds that out while no other twtune is at work.
            let unlike = || if to_show { unlike(root, &own) } else { None };
            let obstacle = if to_apply { denied.or_else(unlike) } else { None };
            let own = own.unwrap_or_default();
            let boot =
                BootPlace { files, own: &own, live: place.target == Target::Both, take_over, obstacle };
            plan::draw_boot(&mut plan, &self.host, &self.report, &self.snapshot, &boot, &left_out);
        }
        Ok(plan)
    }

    /// What the files of the next boot say, for a plan that is bound to them.
    pub(super) fn boot_checksums(&self) -> BTreeMap<String, String> {
        self.boot_files.as_ref().map(plan::checksums).unwrap_or_default()
    }
}
