//! Limits of the machine that connections run into.

use super::ALWAYS;
use crate::setting::Accept;
use crate::setting::DefaultValue;
use crate::setting::Direction;
use crate::setting::Effect;
use crate::setting::Kind;
use crate::setting::Risk;
use crate::setting::RiskLevel;
use crate::setting::Scope;
use crate::setting::Setting;
use crate::setting::Unit;

/// The settings of this family.
pub(super) const SETTINGS: &[Setting] = &[Setting {
    key: "fs.file-max",
    kind: Kind::Integer,
    unit: Unit::Count,
    defaults: &[(ALWAYS, DefaultValue::Computed("a tenth of memory, counted in KiB"))],
    accepts: &[(ALWAYS, Accept::Between(0, 9_223_372_036_854_775_807))],
    since: ALWAYS,
    until: None,
    scope: Scope::Machine,
    effect: Effect::Immediately,
    also_changes: &[],
    risk: Risk {
        of: Direction::Lowering,
        level: RiskLevel::Medium,
        note: "lowering it makes open() and accept() fail in all programs but the privileged",
    },
    semantics: "How many open files the machine may have; ENFILE says that it is reached. EMFILE is another \
             limit, the one of ulimit -n. The default is large: guides that set 100000 lower it. It is seen \
             and written from every network namespace.",
    sources: &[
        "https://docs.kernel.org/admin-guide/sysctl/fs.html",
        "fs/file_table.c: files_maxfiles_init",
        "proc(5), man-pages 6.03",
        "measured on 6.18",
    ],
}];
