//! Checks: named tests of evidence. Each is a file with its manual page beside it, `shadowed_setting.rs` and
//! `shadowed_setting.md`; a line in [`ALL`] makes it known to `explain`.

pub mod backlog_clipped;
mod boot_view;
pub mod bound_ports_exhaust_host;
pub mod close_wait_leak;
pub mod comment_inside_value;
mod concerns;
pub mod conntrack_time_wait_fills_table;
pub mod dead_registry_value;
pub mod dead_sysctl_line;
pub mod duplicate_assignment;
pub mod fin_wait_2_piles_up;
pub mod linger_zero_drops_data;
pub mod listen_queue_overflows;
pub mod listener_without_reuseaddr;
pub mod live_value_lost_at_boot;
pub mod loaders_disagree;
pub mod orphans_near_limit;
pub mod port_range_overlaps_listener;
mod registry_view;
pub mod run_drop_in_lost_at_boot;
pub mod server_closes_first;
pub mod set_before_its_module;
pub mod shadowed_setting;
pub mod time_wait_exhausts_ports;
pub mod time_wait_harmless;
pub mod time_wait_table_full;
pub mod tw_reuse_without_timestamps;
pub mod unproven_registry_value;
pub mod unreadable_drop_in;
mod view;

use std::fmt;

use concerns::Concerns;

pub use boot_view::BootView;
pub use registry_view::RegistryView;
pub use view::View;

/// A test of evidence, named after the fault that it finds.
#[derive(Debug)]
pub struct Check {
    /// Its name, in kebab-case.
    pub id: &'static str,
    /// Its manual page, which `explain` tells.
    pub page: &'static str,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Concern {
    /// The check.
    pub check: &'static Check,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a key, a file and line, a process.
    pub subject: String,
    /// The facts that it rests on, by name.
    pub evidence: Vec<(&'static str, String)>,
    /// What to do about it, the best first.
    pub advice: Vec<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something does not do what whoever wrote it believes.
    Error,
    /// Something may not do what whoever wrote it believes.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Looks for everything that is wrong with the files that set values at boot; the worst comes first.
#[must_use]
pub fn over_files(view: &BootView<'_>) -> Vec<Concern> {
    let checks: [fn(&BootView<'_>, &mut Concerns); 9] = [
        comment_inside_value::check,
        dead_sysctl_line::check,
        duplicate_assignment::check,
        live_value_lost_at_boot::check,
        loaders_disagree::check,
        run_drop_in_lost_at_boot::check,
        set_before_its_module::check,
        shadowed_setting::check,
        unreadable_drop_in::check,
    ];
    let of_one = |check: &fn(&BootView<'_>, &mut Concerns)| {
        let mut found = Concerns::default();
        check(view, &mut found);
        found.told()
    };
    let mut all: Vec<Concern> = checks.iter().flat_map(of_one).collect();
    all.sort_by_key(|concern| concern.severity);
    all
}

/// Looks for values of the registry that are set in vain; those that nothing reads come first.
#[must_use]
pub fn over_registry(view: &RegistryView<'_>) -> Vec<Concern> {
    [dead_registry_value::check(view), unproven_registry_value::check(view)].concat()
}

/// Looks for everything that is wrong with the sockets of a network namespace; the worst comes first.
#[must_use]
pub fn over_sockets(view: &View<'_>) -> Vec<Concern> {
    let checks: [fn(&View<'_>) -> Vec<Concern>; 15] = [
        time_wait_exhausts_ports::check,
        bound_ports_exhaust_host::check,
        time_wait_table_full::check,
        tw_reuse_without_timestamps::check,
        close_wait_leak::check,
        fin_wait_2_piles_up::check,
        orphans_near_limit::check,
        listen_queue_overflows::check,
        backlog_clipped::check,
        listener_without_reuseaddr::check,
        linger_zero_drops_data::check,
        port_range_overlaps_listener::check,
        conntrack_time_wait_fills_table::check,
        server_closes_first::check,
        time_wait_harmless::check,
    ];
    let mut found: Vec<Concern> = checks.iter().flat_map(|check| check(view)).collect();
    found.sort_by_key(|concern| concern.severity);
    found
}

/// Every check, by name.
pub static ALL: &[&Check] = &[
    &backlog_clipped::CHECK,
    &bound_ports_exhaust_host::CHECK,
    &close_wait_leak::CHECK,
    &comment_inside_value::CHECK,
    &conntrack_time_wait_fills_table::CHECK,
    &dead_registry_value::CHECK,
    &dead_sysctl_line::CHECK,
    &duplicate_assignment::CHECK,
    &fin_wait_2_piles_up::CHECK,
    &linger_zero_drops_data::CHECK,
    &listen_queue_overflows::CHECK,
    &listener_without_reuseaddr::CHECK,
    &live_value_lost_at_boot::CHECK,
    &loaders_disagree::CHECK,
    &orphans_near_limit::CHECK,
    &port_range_overlaps_listener::CHECK,
    &run_drop_in_lost_at_boot::CHECK,
    &server_closes_first::CHECK,
    &set_before_its_module::CHECK,
    &shadowed_setting::CHECK,
    &time_wait_exhausts_ports::CHECK,
    &time_wait_harmless::CHECK,
    &time_wait_table_full::CHECK,
    &tw_reuse_without_timestamps::CHECK,
    &unproven_registry_value::CHECK,
    &unreadable_drop_in::CHECK,
];

/// The check of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == name)
}

impl Check {
    /// The first line of its page behind the title: what it finds, in one sentence.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.page.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default()
    }
}
