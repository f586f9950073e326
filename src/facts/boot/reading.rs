//! What one loader makes of all files together: which line sets a setting, and which lines it takes that from.

use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::Loader;
use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::command_line;
use crate::facts::boot::line;
use crate::facts::boot::lines::Entry;
use crate::facts::boot::lines::Lines;
use crate::facts::boot::lines::Named;
use crate::facts::boot::order;
use crate::facts::boot::run::Run;
use crate::setting::Key;

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
            Content::Mask | Content::Nothing(_) | Content::Unreadable(_) => 0,
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
                Content::Mask | Content::Nothing(_) => {}
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
        let path = key.segments().collect::<Vec<_>>().join("/");
        let (mut naming, mut written, mut doubt) = (Vec::new(), Vec::<&Entry<'_>>::new(), None);
        for run in &self.runs {
            let outcome = run.outcome(&self.lines, path.as_bytes());
            doubt = outcome.doubt.or(if outcome.certain { None } else { doubt });
            naming.extend(outcome.naming);
            written.extend(outcome.written);
        }
        let winner = written.last().copied();
        let state = match (doubt, winner) {
            (Some(why), _) => BootState::Unreadable(why.into()),
            (None, Some(entry)) => BootState::Present(entry.assigned().value),
            (None, None) => BootState::Default,
        };
        let winner = winner.filter(|_| doubt.is_none());
        let loses = |entry: &&Entry<'_>| !winner.is_some_and(|winner| std::ptr::eq(winner, *entry));
        BootValue {
            state,
            origin: winner.map(Entry::origin),
            shadowed: naming.into_iter().filter(loses).map(Entry::assigned).collect(),
            written: written.into_iter().map(Entry::assigned).collect(),
            refused: Vec::new(),
        }
    }
}
