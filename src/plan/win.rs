//! Which line wins at the next boot, and what is to be done about later lines of others.

use crate::facts::BootLoader;
use crate::facts::BootReading;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::FileLine;
use crate::facts::Host;
use crate::facts::Loader;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::Reading;
use crate::facts::boot::comment_out;
use crate::facts::boot::on_kernel;
use crate::plan::DROP_IN;
use crate::plan::DropIn;
use crate::plan::Edit;
use crate::plan::Obstacle;
use crate::plan::Refusal;
use crate::plan::boot::refusal;
use crate::plan::may_be_taken_over;
use crate::setting::Key;
use crate::setting::Setting;
use crate::setting::Value;
use crate::setting::Version;
use crate::setting::catalogue;

/// Files that set values at boot, what reads them, and the kernel that it sets them on.
#[derive(Clone, Debug)]
pub struct NextBoot {
    /// The files.
    pub files: BootFiles,
    /// What reads them.
    pub loader: BootLoader,
    /// The kernel's version, where it is known.
    pub version: Option<Version>,
}

impl NextBoot {
    pub(super) const fn of(files: BootFiles, host: &Host) -> Self {
        Self { files, loader: host.boot_loader, version: host.version }
    }

    /// What it makes of a setting; where the loader is not known, what both make of it.
    #[must_use]
    pub fn value(&self, key: &Key, setting: &Setting) -> BootValue {
        let value = |loader| Reading::new(&self.files, loader).value(key);
        let (systemd, procps) = (value(Loader::SystemdSysctl), value(Loader::Procps));
        on_kernel(BootReading { systemd, procps }, setting, self.version).on(self.loader)
    }

    /// The lines of others that are in the way where twtune's own file says this and these settings are to be what it
    /// says.
    ///
    /// # Errors
    /// A line that cannot be taken over.
    pub fn edits(mut self, own: &DropIn, wanted: &[Key]) -> Result<Vec<Edit>, Refusal> {
        self.files = self.files.with(DROP_IN, own.text().unwrap_or_default());
        let mut edits = Vec::new();
        for key in wanted {
            let (Some(line), Some(setting)) = (own.lines.get(key), catalogue::find_or_text(key)) else {
                continue;
            };
            if let Ok(value) = Value::parse(setting.kind, &line.value) {
                self.win((key, setting, &value), true, &mut edits)?;
            }
        }
        Ok(edits)
    }

    /// Makes sure that twtune's own line of a value wins over those of others.
    pub(super) fn win(
        &mut self,
        (key, setting, wanted): (&Key, &Setting, &Value),
        take_over: bool,
        edits: &mut Vec<Edit>,
    ) -> Result<(), Refusal> {
        let refuse = |reason: String| refusal(key, Obstacle::Unacceptable, reason);
        let loaders = self.loader.known().map_or(Loader::ALL.to_vec(), |loader| vec![loader]);
        // Every turn takes one line of a file away.
        loop {
            let later = loaders.iter().find_map(|loader| {
                let systemd = Reading::new(&self.files, *loader).value(key);
                let both = BootReading { systemd: systemd.clone(), procps: systemd };
                let value = on_kernel(both, setting, self.version).systemd;
                let wins = value.state.value().and_then(|text| Value::parse(setting.kind, text).ok());
                (wins.as_ref() != Some(wanted)).then_some((*loader, value))
            });
            let Some((loader, value)) = later else { return Ok(()) };
            let origin = match (&value.state, value.origin) {
                (BootState::Present(_), Some(origin)) if origin.file != DROP_IN => origin,
                (BootState::Unreadable(why) | BootState::Unknown(why), _) => return Err(refuse(why.clone())),
                _ => return Err(refuse(format!("{loader} would not set it from {DROP_IN}"))),
            };
            let theirs = value.state.value().unwrap_or_default().to_owned();
            if !take_over {
                return Err(refuse(format!(
                    "{origin} sets it to `{theirs}` and is read later; `--take-over` comments that line out"
                )));
            }
            let found = take(&self.files, &origin, key, loader, edits);
            self.files = found
                .map_err(|why| refuse(format!("{origin} sets it to `{theirs}` and is read later; {why}")))?;
        }
    }
}

/// The files with a line of another's commented out, and that edit noted.
fn take(
    files: &BootFiles,
    origin: &FileLine,
    key: &Key,
    loader: Loader,
    edits: &mut Vec<Edit>,
) -> Result<BootFiles, String> {
    let reading = Reading::new(files, loader);
    let entry = reading.entries().find(|entry| entry.origin() == *origin);
    if entry.is_none_or(|entry| reading.name_of(entry).is_pattern()) {
        return Err("it is a pattern, which sets other settings as well".into());
    }
    let file = files.files.iter().find(|file| file.path == origin.file);
    let Some(file) = file else { return Err("it is no file that could be changed".into()) };
    let Content::Text(text) = &file.content else { return Err("it is no file that could be changed".into()) };
    let place = file.place().to_owned();
    if may_be_taken_over(&place) {
        note(edits, &place, &place, (origin.line, key), text);
        return Ok(files.clone().without(origin));
    }
    let (folder, name) = origin.file.rsplit_once('/').unwrap_or_default();
    let copy = format!("/etc/sysctl.d/{name}");
    // Of a vendor's, or one that is gone with the next boot: a file of the same name below /etc hides it.
    let hidden_by_etc = ["/usr/lib/sysctl.d", "/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/run/sysctl.d"];
    if !hidden_by_etc.contains(&folder) || !may_be_taken_over(&copy) {
        return Err("twtune does not write that file".into());
    }
    note(edits, &copy, &origin.file, (origin.line, key), text);
    Ok(files.clone().with(&copy, comment_out(text, origin.line)))
}

fn note(edits: &mut Vec<Edit>, path: &str, source: &str, (line, key): (usize, &Key), text: &[u8]) {
    match edits.iter_mut().find(|edit| edit.path == path) {
        Some(edit) => edit.lines.push((line, key.clone())),
        None => edits.push(Edit {
            path: path.into(),
            source: source.into(),
            lines: vec![(line, key.clone())],
            text: text.into(),
        }),
    }
}
