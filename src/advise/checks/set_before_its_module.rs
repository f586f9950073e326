#![doc = include_str!("set_before_its_module.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::Loader;

/// The check.
pub static CHECK: Check =
    Check { id: "set-before-its-module", page: include_str!("set_before_its_module.md") };

/// What a key waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits<'a> {
    /// A module.
    Module(&'static str),
    /// A network interface.
    Interface(&'a [u8]),
}

/// What has to be there before a path below `/proc/sys` is.
pub(super) fn waits_for(path: &[u8]) -> Option<Waits<'_>> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    match parts[..] {
        [b"net", b"netfilter", key] if key.starts_with(b"nf_conntrack") => {
            Some(Waits::Module("nf_conntrack"))
        }
        [b"net", b"nf_conntrack_max"] => Some(Waits::Module("nf_conntrack")),
        [b"net", b"bridge", _] => Some(Waits::Module("br_netfilter")),
        [b"net", b"ipv4" | b"ipv6", b"conf" | b"neigh", name, _]
            if !matches!(name, b"all" | b"default" | b"lo") =>
        {
            Some(Waits::Interface(name))
        }
        _ => None,
    }
}

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    for name in view.reading().names().filter(|name| !name.is_pattern()) {
        let (what, advice) = match waits_for(name.path()) {
            Some(Waits::Module(module)) if !view.modules.iter().any(|loaded| loaded == module) => (
                format!("the module {module}"),
                format!("have it loaded at boot: a line `{module}` in /etc/modules-load.d/{module}.conf"),
            ),
            Some(Waits::Interface(interface)) if view.host.boot_loader.known() == Some(Loader::Procps) => (
                format!("the interface {}", String::from_utf8_lossy(interface)),
                "set it where the interface is set up, or set `default` instead of its name".into(),
            ),
            _ => continue,
        };
        for entry in name.assignments() {
            found.add(Severity::Warning, || {
                Concern::of(&CHECK, Severity::Warning, name.key())
                    .seen("line", entry.origin())
                    .seen("waits_for", &what)
                    .advise(&*advice)
            });
        }
    }
}
