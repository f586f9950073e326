//! What one loader makes of all files together: which line sets a setting, and which lines it takes that from.

use crate::facts::Assigned;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::FileLine;
use crate::facts::Loader;
use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::Line;
use crate::facts::boot::command_line;
use crate::facts::boot::glob;
use crate::facts::boot::line;
use crate::facts::boot::order;
use crate::facts::boot::run::Run;
use crate::setting::Key;

/// Everything that one loader reads, run after run: what one run sets stays where no later one sets it.
#[derive(Debug)]
pub struct Reading<'a> {
    runs: Vec<Run<'a>>,
}

/// A line, and the file it stands in.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The path of its file.
    pub file: &'a str,
    /// The line.
    pub line: Line<'a>,
}

impl Entry<'_> {
    /// The line's place.
    #[must_use]
    pub fn origin(&self) -> FileLine {
        FileLine { file: self.file.into(), line: self.line.number }
    }

    /// The key that it names, or the pattern, in the spelling of sysctl(8).
    #[must_use]
    pub fn key(&self) -> String {
        let swap = |byte: &u8| match byte {
            b'.' => b'/',
            b'/' => b'.',
            other => *other,
        };
        let swapped: Vec<u8> = self.line.path.iter().map(swap).collect();
        String::from_utf8_lossy(&swapped).into_owned()
    }

    /// Whether it names several settings at once.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        glob::is_pattern(&self.line.path)
    }

    /// What it assigns, with single spaces between the parts.
    #[must_use]
    pub fn assigned(&self) -> Assigned {
        // Other white space is none to the kernel, and stays.
        let text = String::from_utf8_lossy(self.line.value);
        let parts = text.split([' ', '\t']).filter(|part| !part.is_empty());
        Assigned { origin: self.origin(), value: parts.collect::<Vec<_>>().join(" ") }
    }
}

impl<'a> Reading<'a> {
    /// Reads the files as this loader does.
    #[must_use]
    pub fn new(files: &'a BootFiles, loader: Loader) -> Self {
        // The kernel carries out its command line word for word, as procps does its lines; it knows no patterns.
        let mut command_line = Run::new(Loader::Procps);
        command_line::each(&files.command_line, |line| {
            command_line.add(Entry { file: command_line::FILE, line });
        });
        let (mut of_kernel, mut of_files) = (Run::new(loader), Run::new(loader));
        let in_order = order::in_order(files, loader);
        let length = |file: &&BootFile| match &file.content {
            Content::Text(text) => text.len(),
            Content::Mask | Content::Nothing(_) | Content::Unreadable(_) => 0,
        };
        of_files.expect(in_order.iter().map(length).sum());
        for file in in_order {
            let run = if order::is_of_kernel(file) { &mut of_kernel } else { &mut of_files };
            match &file.content {
                Content::Text(text) => {
                    line::each(text, loader, |line| run.add(Entry { file: &file.path, line }));
                }
                Content::Unreadable(why) => run.miss(format!("{} could not be read: {why}", file.path)),
                Content::Mask | Content::Nothing(_) => {}
            }
        }
        files.unlisted.iter().for_each(|why| of_files.miss(why.clone()));
        Self { runs: [command_line, of_kernel, of_files].map(Run::close).into() }
    }

    /// Every line that says something, in the order in which they are read.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.runs.iter().flat_map(Run::entries)
    }

    /// What the loader makes of a setting.
    #[must_use]
    pub fn value(&self, key: &Key) -> BootValue {
        let path = key.segments().collect::<Vec<_>>().join("/");
        let (mut naming, mut written, mut doubt) = (Vec::new(), Vec::new(), None);
        for run in &self.runs {
            let outcome = run.outcome(path.as_bytes());
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
