//! What a process runs as a part of, read from the name of its control group (`/proc/PID/cgroup`).

use crate::facts::Unit;

/// As much of a container's id as people use.
const SHORT_ID: usize = 12;
/// A container's id: 64 hexadecimal digits.
const ID: usize = 64;

/// The container or unit that the group belongs to; None where its name tells neither.
pub(super) fn unit(cgroup: &str) -> Option<Unit> {
    let lines = || {
        cgroup.lines().filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            rest.split_once(':')
        })
    };
    // The single hierarchy of version 2 and systemd's own of version 1 have units; a container's id stands in any.
    let main = lines().filter(|(controllers, _)| controllers.is_empty() || *controllers == "name=systemd");
    let container = lines().find_map(|(_, path)| container(path));
    container.map(Unit::Container).or_else(|| main.into_iter().find_map(|(_, path)| service(path)))
}

/// The innermost container: Docker, Podman, containerd and CRI-O by id, LXC and systemd-nspawn by name.
fn container(path: &str) -> Option<String> {
    path.split('/').rev().find_map(|part| {
        let part = part.strip_suffix(".scope").unwrap_or(part);
        if let Some(name) = part.strip_prefix("lxc.payload.").filter(|name| !name.is_empty()) {
            return Some(name.to_owned());
        }
        if let Some(name) = part.strip_prefix("machine-").filter(|name| !name.is_empty()) {
            return Some(unescape(name));
        }
        let nspawn = part.strip_prefix("systemd-nspawn@").and_then(|name| name.strip_suffix(".service"));
        if let Some(name) = nspawn.filter(|name| !name.is_empty()) {
            return Some(unescape(name));
        }
        // `docker-ID.scope`, `cri-containerd-ID.scope`, `libpod-ID.scope`, or `docker/ID`.
        let id = part.rsplit_once('-').map_or(part, |(_, id)| id);
        let is_id = id.len() == ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| id[..SHORT_ID].to_owned())
    })
}

/// The innermost unit that somebody wrote: systemd invents a scope for every session.
fn service(path: &str) -> Option<Unit> {
    let parts = path.split('/').rev();
    let mut units = parts.filter(|part| {
        part.ends_with(".service") && !part.starts_with("user@") && part.len() > ".service".len()
    });
    units.next().map(|name| Unit::Service(unescape(name)))
}

/// systemd writes `\x2d` for a character that would mean something in a unit's name.
fn unescape(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend(before.bytes());
        let digits = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = digits {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.extend(b"\\x");
            rest = after;
        }
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_and_units_are_recognized() {
        let id = "3f4a5b6c7d8e".to_owned() + &"0".repeat(52);
        let container = |name: &str| Some(Unit::Container(name.into()));
        let service = |name: &str| Some(Unit::Service(name.into()));
        let cases = [
            (format!("0::/system.slice/docker-{id}.scope\n"), container("3f4a5b6c7d8e")),
            (format!("0::/docker/{id}\n"), container("3f4a5b6c7d8e")),
            (format!("2:cpu:/docker/{id}\n1:name=systemd:/\n0::/\n"), container("3f4a5b6c7d8e")),
            (
                format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
                container("3f4a5b6c7d8e"),
            ),
            (
                format!(
                    "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope/container"
                ),
                container("3f4a5b6c7d8e"),
            ),
            ("0::/lxc.payload.web/system.slice/nginx.service".into(), container("web")),
            ("0::/machine.slice/machine-my\\x2dbox.scope/payload".into(), container("my-box")),
            ("0::/machine.slice/systemd-nspawn@box.service/payload".into(), container("box")),
            ("0::/system.slice/nginx.service\n".into(), service("nginx.service")),
            (
                "0::/system.slice/system-postgresql.slice/postgresql@15-main.service".into(),
                service("postgresql@15-main.service"),
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/crawler.service".into(),
                service("crawler.service"),
            ),
            ("12:pids:/other.service\n1:name=systemd:/system.slice/a.service".into(), service("a.service")),
            ("0::/user.slice/user-1000.slice/session-3.scope".into(), None),
            ("0::/user.slice/user-1000.slice/user@1000.service/init.scope".into(), None),
            ("0::/".into(), None),
            (String::new(), None),
            ("0::/lxc.payload./.service/machine-.scope\nnonsense\n:\n".into(), None),
        ];
        for (text, expected) in cases {
            assert_eq!(unit(&text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for (name, expected) in [
            ("a\\x2db\\x2d", "a-b-"),
            ("a\\xzz", "a\\xzz"),
            ("\\x", "\\x"),
            ("\\x2", "\\x2"),
            ("\\xä", "\\xä"),
        ] {
            assert_eq!(unescape(name), expected);
        }
    }
}
