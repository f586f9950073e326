//! The catalogue: every setting that twtune knows, one file per family.

mod tcp;

use crate::setting::Key;
use crate::setting::Setting;

/// The families, in the order in which reports list them.
const FAMILIES: &[&[Setting]] = &[tcp::SETTINGS];

/// Every setting, family by family.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The setting of this key; a per-interface setting is found by any interface's name.
#[must_use]
pub fn find(key: &Key) -> Option<&'static Setting> {
    all().find(|setting| key.matches(setting.key))
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
    let by_last: Vec<&'static Setting> = all()
        .filter(|setting| setting.key.rsplit('.').next() == Some(name))
        .collect();
    match by_last[..] {
        [] => Err(nearest(name)),
        [setting] => Key::parse(setting.key)
            .map(|key| (key, setting))
            .map_err(|_| Vec::new()),
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
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut scored: Vec<(f64, &'static str)> = all()
        .map(|setting| {
            let own_last = setting.key.rsplit('.').next().unwrap_or(setting.key);
            let whole = strsim::jaro_winkler(name, setting.key);
            let part = strsim::jaro_winkler(last, own_last) - 0.01;
            (whole.max(part), setting.key)
        })
        .filter(|(score, _)| *score > 0.85)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, key)| key).take(3).collect()
}
