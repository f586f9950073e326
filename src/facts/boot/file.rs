//! The files that a loader reads, in memory.

use crate::facts::FileLine;

/// Everything that has a say in what the next boot sets. Which file comes before which follows from their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootFiles {
    /// The files below the folders of `sysctl.d`, and `/etc/sysctl.conf`; in any order, none twice.
    pub files: Vec<BootFile>,
    /// Those of them that are gone by the next boot, once [`BootFiles::after_restart`] set them apart: a loader that is
    /// run by hand before that reads them as well.
    pub fleeting: Vec<BootFile>,
    /// Folders of which it is not known what is in them; why.
    pub unlisted: Vec<String>,
    /// The kernel's command line, empty where it is not known.
    pub command_line: Vec<u8>,
}

/// A file that a loader reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootFile {
    /// Its path as its folder names it, a link's own name: `/etc/sysctl.d/99-sysctl.conf`.
    pub path: String,
    /// What it says.
    pub content: Content,
    /// What it leads to, where it is a link and that is known: `/etc/sysctl.conf`.
    pub target: Option<String>,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// This, byte for byte.
    Text(Vec<u8>),
    /// Nothing on purpose: a link to `/dev/null` hides the files of the same name behind it.
    Mask,
    /// Nothing, since no loader could open it either; why. It hides those of the same name all the same.
    Nothing(String),
    /// Nothing, since it is a folder or the like; it hides the others as well.
    NotFile,
    /// It could not be read by this user, while a loader can; why.
    Unreadable(String),
}

impl BootFiles {
    /// The same with a file more, or another content for one that is there.
    #[must_use]
    pub fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        let content = Content::Text(text.into());
        match self.files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.content = content,
            None => self.files.push(BootFile { path: path.into(), content, target: None }),
        }
        self
    }

    /// What is left of them when the machine starts again: `/run` is empty then. A credential is passed on anew.
    #[must_use]
    pub fn after_restart(mut self) -> Self {
        for mut file in std::mem::take(&mut self.files) {
            if is_fleeting(&file.path) {
                self.fleeting.push(file);
                continue;
            }
            if let Some(target) = file.target.take_if(|target| is_fleeting(target)) {
                file.content =
                    Content::Nothing(format!("it is a link to {target}, which is gone after a restart"));
            }
            self.files.push(file);
        }
        self.unlisted.retain(|why| !is_fleeting(why));
        self
    }

    /// The same with a line commented out, in every file that shows the same text through a link as well.
    #[must_use]
    pub fn without(mut self, line: &FileLine) -> Self {
        let named = self.files.iter().find(|file| file.path == line.file);
        let place = named.map_or(line.file.clone(), |file| file.place().to_owned());
        for file in &mut self.files {
            if file.place() == place
                && let Content::Text(text) = &mut file.content
            {
                *text = comment_out(text, line.line);
            }
        }
        self
    }
}

impl BootFile {
    /// Its folder, and its name there.
    #[must_use]
    pub fn folder_and_name(&self) -> (&str, &str) {
        self.path.rsplit_once('/').unwrap_or(("", &self.path))
    }

    /// Where its text really lies: what it leads to, where it is a link.
    #[must_use]
    pub fn place(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.path)
    }
}

fn is_fleeting(path: &str) -> bool {
    path.starts_with("/run/") && !path.starts_with("/run/credentials/")
}

/// A text with a `#` before one of its lines, counted from 1.
#[must_use]
pub fn comment_out(text: &[u8], line: usize) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + 1);
    for (at, part) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if at + 1 == line {
            result.push(b'#');
        }
        result.extend_from_slice(part);
    }
    result
}
