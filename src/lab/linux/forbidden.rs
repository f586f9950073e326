//! Why no namespace can be had, in words that lead to a remedy.

use std::fs;
use std::io;

use crate::lab::system::task::Answer;

/// What is known of a machine that refused.
#[derive(Debug, Default)]
struct Circumstances {
    errno: i32,
    message: String,
    root: bool,
    user_namespaces: Option<u64>,
    network_namespaces: Option<u64>,
    /// Debian's switch.
    unprivileged_clone: Option<u64>,
    /// Ubuntu's switch.
    apparmor: Option<u64>,
    seccomp: bool,
}

/// The answer of a process that was refused its namespaces.
pub(super) fn answer(error: &io::Error) -> Answer {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let circumstances = Circumstances {
        errno: error.raw_os_error().unwrap_or_default(),
        message: error.to_string(),
        root: rustix::process::geteuid().is_root(),
        user_namespaces: number("/proc/sys/user/max_user_namespaces"),
        network_namespaces: number("/proc/sys/user/max_net_namespaces"),
        unprivileged_clone: number("/proc/sys/kernel/unprivileged_userns_clone"),
        apparmor: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        seccomp: status
            .lines()
            .any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2")),
    };
    let (cause, hints) = explain(&circumstances);
    Answer::Forbidden { cause, hints }
}

fn explain(seen: &Circumstances) -> (String, Vec<String>) {
    const SUDO: &str =
        "`sudo twtune lab` needs no user namespace: it uses a network and a mount namespace alone";
    const CONTAINER: &str = "in a container: run it on the host, or give the container CAP_SYS_ADMIN and a seccomp \
                             profile that allows unshare";
    let sudo = |switch: &str| vec![SUDO.into(), switch.into()];
    match seen {
        _ if seen.network_namespaces == Some(0) => (
            "user.max_net_namespaces is 0".into(),
            vec!["raise it: `sysctl -w user.max_net_namespaces=1024`".into()],
        ),
        _ if seen.user_namespaces == Some(0) => (
            "user namespaces are switched off (user.max_user_namespaces is 0)".into(),
            sudo("or raise it: `sysctl -w user.max_user_namespaces=1024`"),
        ),
        _ if seen.errno == libc::ENOSPC => (
            "there are as many namespaces as may be, or they are nested too deep".into(),
            vec!["see user.max_user_namespaces and user.max_net_namespaces".into()],
        ),
        _ if seen.unprivileged_clone == Some(0) && !seen.root => (
            "user namespaces are for root alone (kernel.unprivileged_userns_clone is 0)".into(),
            sudo("or allow them: `sysctl -w kernel.unprivileged_userns_clone=1`"),
        ),
        _ if seen.apparmor == Some(1) && !seen.root => (
            "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns is 1)".into(),
            sudo("or allow them to twtune by an AppArmor profile with `userns,`"),
        ),
        _ if seen.errno == libc::EROFS => {
            ("/proc/sys is mounted read-only, as in a container".into(), vec![CONTAINER.into()])
        }
        _ if seen.errno == libc::EINVAL || seen.errno == libc::ENOSYS => {
            (format!("this kernel has no such namespaces ({})", seen.message), vec![SUDO.into()])
        }
        _ if seen.seccomp => {
            (format!("a seccomp filter is in force ({})", seen.message), vec![SUDO.into(), CONTAINER.into()])
        }
        _ => (seen.message.clone(), vec![SUDO.into(), CONTAINER.into()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(seen: &Circumstances) -> String {
        let (cause, hints) = explain(seen);
        assert!(!hints.is_empty(), "{cause}: no way on");
        cause
    }

    #[test]
    fn every_switch_is_named() {
        let denied =
            Circumstances { errno: libc::EPERM, message: "not permitted".into(), ..Default::default() };
        assert_eq!(cause(&denied), "not permitted");
        let off = Circumstances { user_namespaces: Some(0), errno: libc::ENOSPC, ..Default::default() };
        assert!(cause(&off).contains("user.max_user_namespaces is 0"));
        let debian = Circumstances { unprivileged_clone: Some(0), errno: libc::EPERM, ..Default::default() };
        assert!(cause(&debian).contains("kernel.unprivileged_userns_clone is 0"));
        let ubuntu = Circumstances { apparmor: Some(1), errno: libc::EACCES, ..Default::default() };
        assert!(cause(&ubuntu).contains("kernel.apparmor_restrict_unprivileged_userns is 1"));
        let docker = Circumstances { seccomp: true, root: true, errno: libc::EPERM, ..Default::default() };
        assert!(cause(&docker).contains("seccomp"));
        let mounted = Circumstances { errno: libc::EROFS, root: true, ..Default::default() };
        assert!(cause(&mounted).contains("read-only"));
        let old = Circumstances { errno: libc::EINVAL, ..Default::default() };
        assert!(cause(&old).contains("kernel"));
    }
}
