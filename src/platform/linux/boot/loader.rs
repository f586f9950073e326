//! Which program sets the boot values.

use rustix::fs::OFlags;

use crate::facts::BootLoader;
use crate::facts::Loader;
use crate::platform::linux::Root;

/// Where systemd has its programs: the second place is of systems where /lib is not /usr/lib.
const PROGRAMS: [&str; 2] = ["/usr/lib/systemd", "/lib/systemd"];

/// Where a unit is masked by a link to `/dev/null`. One below `/run` is gone at the next boot.
const MASK: &str = "/etc/systemd/system/systemd-sysctl.service";

/// Finds out what will read the files: on this machine by what started it, in an image by what it would start.
/// A container's program that starts nothing is neither.
#[must_use]
pub fn boot_loader(root: &Root, command_line: &[u8]) -> BootLoader {
    let by_systemd = if root.is_image() {
        PROGRAMS.iter().any(|folder| {
            root.has(&format!("{folder}/systemd"))
                && root.end_of("/sbin/init").is_none_or(|init| init.ends_with("/systemd"))
        })
    } else {
        // What sd_booted(3) looks at.
        root.has("/run/systemd/system")
    };
    if by_systemd {
        let there = PROGRAMS.iter().any(|folder| root.has(&format!("{folder}/systemd-sysctl")));
        let masked = root.is_mask(MASK)
            || command_line.split(u8::is_ascii_whitespace).any(|word| {
                matches!(
                    word,
                    b"systemd.mask=systemd-sysctl.service" | b"rd.systemd.mask=systemd-sysctl.service"
                )
            });
        return if there && !masked { BootLoader::Is(Loader::SystemdSysctl) } else { BootLoader::Unknown };
    }
    let started =
        root.is_image() || root.has("/run/openrc") || root.has("/run/initctl") || root.has("/dev/initctl");
    if started && has_script(root) && has_procps(root) {
        BootLoader::Is(Loader::Procps)
    } else {
        BootLoader::Unknown
    }
}

/// Whether an init script that calls `sysctl --system` is among those that run at boot: Debian's `procps` with
/// sysvinit, or `OpenRC`'s `sysctl`.
fn has_script(root: &Root) -> bool {
    let sysvinit =
        root.has("/etc/init.d/procps") && links(root, "/etc/rcS.d", |name| name.ends_with("procps"));
    let openrc = ["sysinit", "boot", "default"];
    sysvinit || openrc.iter().any(|level| root.has(&format!("/etc/runlevels/{level}/sysctl")))
}

/// Whether `sysctl` is the one of procps: `BusyBox` has one of its own, with other rules.
fn has_procps(root: &Root) -> bool {
    let found = ["/sbin/sysctl", "/usr/sbin/sysctl"].iter().find_map(|path| root.end_of(path));
    found.is_some_and(|end| end.ends_with("/sysctl"))
}

fn links(root: &Root, folder: &str, wanted: impl Fn(&str) -> bool) -> bool {
    let Ok(open) = root.open(folder, OFlags::RDONLY | OFlags::DIRECTORY) else { return false };
    let Ok(mut entries) = rustix::fs::Dir::read_from(open) else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_ok_and(&wanted)))
}
