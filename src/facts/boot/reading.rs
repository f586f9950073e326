//! What one loader makes of all files together: which line sets a setting, and which lines it takes that from.

use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::Loader;
use crate::facts::boot::Besides;
use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::command_line;
use crate::facts::boot::line;
use crate::facts::boot::lines::Entry;
use crate::facts::boot::lines::Lines;
use crate::facts::boot::lines::Named;
use crate::facts::boot::order;
use crate::facts::boot::run::Outcome;
use crate::facts::boot::run::Run;
use crate::setting::Key;
use crate::setting::catalogue;

/// Everything that one loader reads, run after run: what one run sets stays where no later one sets it.
#[derive(Debug)]
pub struct Reading<'a> {
    lines: Lines<'a>,
    runs: Vec<Run>,
}

impl<'a> Reading<'a> {
    /// Reads the files as this loader does.
    #[must_use]
    pub fn new(files: &'a BootFiles, loader: Loader) -> Self {
        let mut lines = Lines::default();
        command_line::each(&files.command_line, |line| {
            lines.add(command_line::FILE, line, command_line::path);
        });
        lines.spell_anew();
        // The kernel carries out its command line word for word, as procps does its lines; it knows no patterns.
        let mut runs = vec![Run::new(Loader::Procps, &lines, 0, Vec::new())];
        let in_order = order::in_order(files, loader);
        let length = |file: &&BootFile| match &file.content {
            Content::Text(text) => text.len(),
            Content::Mask | Content::Nothing(_) | Content::NotFile | Content::Unreadable(_) => 0,
        };
        lines.expect(in_order.iter().map(length).sum());
        let (mut first, mut missed) = (lines.entries.len(), Vec::new());
        for file in in_order {
            match &file.content {
                Content::Text(text) => line::each(text, loader, |line| {
                    lines.add(&file.path, line, |key| line::path(key, loader));
                }),
                Content::Unreadable(why) => {
                    missed.push((lines.entries.len(), format!("{} could not be read: {why}", file.path)));
                }
                Content::Mask | Content::Nothing(_) | Content::NotFile => {}
            }
            if order::is_of_kernel(file) {
                runs.push(Run::new(loader, &lines, first, std::mem::take(&mut missed)));
                first = lines.entries.len();
            }
        }
        missed.extend(files.unlisted.iter().map(|why| (lines.entries.len(), why.clone())));
        runs.push(Run::new(loader, &lines, first, missed));
        Self { lines, runs }
    }

    /// Every line that says something, in the order in which they are read.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.lines.entries.iter()
    }

    /// Everything that lines name, in the order in which it is first.
    pub fn names(&self) -> impl Iterator<Item = Named<'_, 'a>> {
        self.lines.names()
    }

    /// What a line of this reading names.
    #[must_use]
    pub fn name_of(&self, entry: &Entry<'a>) -> Named<'_, 'a> {
        self.lines.name_of(entry)
    }

    /// What the loader makes of a setting.
    #[must_use]
    pub fn value(&self, key: &Key) -> BootValue {
        let Outcome { naming, written, doubt, .. } = self.outcome(key);
        let besides = self.besides(key, &written);
        let winner = written.last().map(|(_, entry)| *entry);
        let changed = besides.iter().find(|besides| besides.after == written.len());
        let state = match (doubt, changed, winner) {
            (Some(why), ..) => BootState::Unreadable(why.into()),
            (None, Some(besides), _) => BootState::Unknown(besides.why.clone()),
            (None, None, Some(entry)) => BootState::Present(entry.assigned().value),
            (None, None, None) => BootState::Default,
        };
        let winner = winner.filter(|_| matches!(state, BootState::Present(_)));
        let loses = |entry: &&Entry<'_>| !winner.is_some_and(|winner| std::ptr::eq(winner, *entry));
        BootValue {
            state,
            origin: winner.map(Entry::origin),
            shadowed: naming.into_iter().filter(loses).map(Entry::assigned).collect(),
            written: written.into_iter().map(|(_, entry)| entry.assigned()).collect(),
            refused: Vec::new(),
            besides,
        }
    }

    /// What all runs together make of a setting, taken for itself.
    fn outcome(&self, key: &Key) -> Outcome<'_, 'a> {
        let path = key.path();
        let mut all = Outcome::default();
        for run in &self.runs {
            let outcome = run.outcome(&self.lines, path.as_bytes());
            all.doubt = outcome.doubt.or(if outcome.certain { None } else { all.doubt });
            all.naming.extend(outcome.naming);
            all.written.extend(outcome.written);
        }
        all
    }

    /// The lines that set other settings, and this one with them: the last one of each.
    fn besides(&self, key: &Key, own: &[(usize, &Entry<'_>)]) -> Vec<Besides> {
        let changing = catalogue::all().filter(|other| other.also_changes.iter().any(|one| key.matches(one)));
        let mut found = Vec::new();
        for other in changing.filter(|other| other.key != key.as_str() && !other.key.contains('*')) {
            // What interfaces start with is given to them alone, and not to one that has a value of its own.
            let starts = other.key.contains(".conf.default.");
            if starts && key.as_str().contains(".conf.all.") {
                continue;
            }
            let Ok(changer) = Key::parse(other.key) else { continue };
            let Some((moment, entry)) = self.outcome(&changer).written.last().copied() else { continue };
            let after = if starts { 0 } else { own.iter().filter(|(own, _)| *own < moment).count() };
            // Forwarding sets this one to its opposite; all others are given the same value.
            let opposite = key.as_str().ends_with(".accept_redirects") && !starts;
            let value = (!opposite).then(|| entry.assigned().value);
            let why = format!("{} sets {}, which changes it as well", entry.origin(), other.key);
            found.push((moment, Besides { after, value, why }));
        }
        found.sort_by_key(|(moment, _)| *moment);
        found.into_iter().map(|(_, besides)| besides).collect()
    }
}
