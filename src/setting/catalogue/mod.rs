//! The catalogue: every setting that twtune knows, one file per family.
//!
//! Ranges and defaults rest on kernel sources and on measurements, each setting names its own. Where two versions
//! that were read differ and none between them was, the narrower range counts from the first version that may have
//! it: a value that twtune lets through is then taken by every kernel of that gap.
//!
//! A key with an entry of its own is found before a pattern that would match it too.

mod buffer;
mod conntrack;
mod gone;
mod interface;
mod ip;
mod legacy;
mod machine;
mod port;
mod queue;
mod recovery;
mod tcp;
mod time_wait;
mod uncatalogued;
mod windows;

pub use gone::Gone;
pub use gone::gone;
pub use gone::gone_settings;
pub use uncatalogued::find_or_text;
pub use uncatalogued::uncatalogued;

use crate::setting::Accept;
use crate::setting::ByVersion;
use crate::setting::Key;
use crate::setting::Setting;
use crate::setting::Version;

/// The families, in the order in which reports list them.
const FAMILIES: &[&[Setting]] = &[
    time_wait::SETTINGS,
    port::SETTINGS,
    tcp::SETTINGS,
    recovery::SETTINGS,
    queue::SETTINGS,
    buffer::SETTINGS,
    conntrack::SETTINGS,
    interface::SETTINGS,
    ip::SETTINGS,
    machine::SETTINGS,
    legacy::SETTINGS,
    windows::SETTINGS,
];

/// In every version that still runs.
const ALWAYS: Version = Version::ZERO;

/// The largest value of the kernel's `int`.
const INT_MAX: i128 = 2_147_483_647;

/// The largest value of the kernel's `unsigned int`.
const UINT_MAX: i128 = 4_294_967_295;

/// Whatever fits the kernel's `int` (`proc_dointvec`).
const INT: Accept = Accept::Between(-2_147_483_648, INT_MAX);

/// Kept in one byte (`proc_dou8vec_minmax`) where 5.15 was read and 5.10.262 was measured, in an `int` where the first
/// 5.10 was read.
const BYTE: ByVersion<Accept> = &[(ALWAYS, INT), (Version::new(5, 10), Accept::Between(0, 255))];

/// The kernel's own description of `net.ipv4`.
const IP_SYSCTL: &str = "https://docs.kernel.org/networking/ip-sysctl.html";

/// The kernel's own description of `net.core`.
const NET_SYSCTL: &str = "https://docs.kernel.org/admin-guide/sysctl/net.html";

/// The kernel's own description of `vm`.
const VM_SYSCTL: &str = "https://docs.kernel.org/admin-guide/sysctl/vm.html";

/// The kernel's own description of `kernel`.
const KERNEL_SYSCTL: &str = "https://docs.kernel.org/admin-guide/sysctl/kernel.html";

/// The kernel's own description of `fs`.
const FS_SYSCTL: &str = "https://docs.kernel.org/admin-guide/sysctl/fs.html";

/// Handlers and bounds of `net.ipv4`, in the versions that were read for settings of the second rank.
const IPV4_TABLE_6: &str = "net/ipv4/sysctl_net_ipv4.c (6.1, 6.12)";

/// Handlers and bounds of `net.ipv4`, in the versions that were read.
const IPV4_TABLE: &str = "net/ipv4/sysctl_net_ipv4.c (4.19, 5.10, 5.15, 6.1, 6.12, 7.3)";

/// Written and read back in a private network namespace.
const MEASURED: &str = "measured on 6.18";

/// Every setting, family by family.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The setting of this key; a per-interface setting is found by any interface's name.
#[must_use]
pub fn find(key: &Key) -> Option<&'static Setting> {
    let exact = all().find(|setting| setting.key == key.as_str());
    exact.or_else(|| all().find(|setting| key.matches(setting.key)))
}

/// Finds a setting by its key or, where that is unique, by the last part of it.
///
/// # Errors
/// The nearest keys, best first; all that fit where the last part alone is not unique.
pub fn resolve(name: &str) -> Result<(Key, &'static Setting), Vec<&'static str>> {
    if let Ok(key) = Key::parse(name)
        && let Some(setting) = find(&key)
    {
        return Ok((key, setting));
    }
    let by_last: Vec<&'static Setting> =
        all().filter(|setting| setting.key.rsplit('.').next() == Some(name)).collect();
    match by_last[..] {
        [] => Err(nearest(name)),
        [setting] => Key::parse(setting.key).map(|key| (key, setting)).map_err(|_| Vec::new()),
        _ => Err(by_last.iter().map(|setting| setting.key).collect()),
    }
}

/// The keys that a misspelt name may have meant, best first, at most three.
#[must_use]
pub fn nearest(name: &str) -> Vec<&'static str> {
    // Comparing costs the product of the lengths; no name that long is a slip of the finger.
    if name.len() > 255 {
        return Vec::new();
    }
    // Whole keys are alike by their folder alone, so it only decides between equals.
    let (folder, last) = name.rsplit_once('.').unwrap_or(("", name));
    let mut scored: Vec<(f64, &'static str)> = all()
        .map(|setting| {
            let (own_folder, own_last) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
            let bonus = if folder == own_folder { 0.01 } else { 0.0 };
            (strsim::jaro_winkler(last, own_last) + bonus, setting.key)
        })
        .filter(|(score, _)| *score > 0.85)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, key)| key).take(3).collect()
}
