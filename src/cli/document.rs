//! Documents that people write: found by name or path, read with care, turned into a selection of rules.

use std::borrow::Cow;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use thiserror::Error;

use crate::cli::context::toml_files;
use crate::cli::error::CliError;
use crate::cli::system;
use crate::profile::BUILTINS;
use crate::profile::Builtin;
use crate::profile::Document;
use crate::profile::Finder;
use crate::profile::Problem;
use crate::profile::SelectError;
use crate::profile::Selection;
use crate::profile::select;

/// No profile is larger.
const MAX_FILE: u64 = 1 << 20;

/// Why a document could not be had.
#[derive(Debug, Error)]
pub(super) enum DocumentError {
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    Unacceptable { path: PathBuf, reason: String },
    #[error("a document is not acceptable")]
    Encoding(Problem),
    #[error("there is no profile `{name}`{}", did_you_mean(nearest))]
    Unknown { name: String, nearest: Vec<String> },
}

impl DocumentError {
    /// Whether the file is simply not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl From<DocumentError> for CliError {
    fn from(error: DocumentError) -> Self {
        let message = error.to_string();
        match error {
            DocumentError::Io { path, source } => Self::io("read", path.display(), &source),
            DocumentError::Encoding(problem) => Self::refused(message).problems(vec![problem]),
            DocumentError::Unknown { nearest, .. } if nearest.is_empty() => Self::refused(message)
                .hint("`twtune profile list` lists them; a path has a slash or ends in .toml"),
            DocumentError::Unacceptable { .. } | DocumentError::Unknown { .. } => Self::refused(message),
        }
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!(": did you mean {}?", nearest.join(" or "))
}

/// Reads a text file. A pipe, a device or a folder is refused and never waited for.
pub(super) fn read(path: &Path) -> Result<String, DocumentError> {
    let unacceptable =
        |reason: &str| DocumentError::Unacceptable { path: path.into(), reason: reason.into() };
    let failed = |source: io::Error| DocumentError::Io { path: path.into(), source };
    let file = system::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(unacceptable("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(unacceptable("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        let message = format!("not UTF-8: the byte 0x{:02x}", error.as_bytes()[at]);
        DocumentError::Encoding(Problem::at(&path.display().to_string(), &text, &(at..at), message))
    })
}

/// Writes a file as a whole: a reader sees the old one or the new one. Only a file is replaced, never a device or
/// what a link points to.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::denied("write", path.display(), &error);
    match path.symlink_metadata() {
        Ok(about) if !about.is_file() => {
            return Err(failed(io::Error::other("it is there and not a file")));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let name =
        path.file_name().ok_or_else(|| CliError::usage(format!("{} is not a file", path.display())))?;
    let temporary = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let written = system::create_private(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

/// Loads profiles by their names and paths, and all that they extend.
pub(super) fn select_profiles(names: &[String]) -> Result<Selection, CliError> {
    select_from(names, &mut find)
}

/// The same without what the built-in ones advise against, which only people read.
pub(super) fn select_rules(names: &[String]) -> Result<Selection, CliError> {
    select_from(names, &mut |name, named_by| match builtin(name) {
        Some(builtin) => Ok(Document { file: builtin.name.into(), text: Cow::Borrowed(builtin.rules()) }),
        None => find(name, named_by),
    })
}

fn select_from(names: &[String], find: &mut Finder<'_, DocumentError>) -> Result<Selection, CliError> {
    select(names, find).map_err(|error| match error {
        SelectError::Read(error) => error.into(),
        SelectError::Faulty(problems) => CliError::faulty_profiles(problems),
    })
}

fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

/// A PROFILE that is a path and not a name.
fn is_path(name: &str) -> bool {
    name.contains(std::path::is_separator)
        || Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

/// The name as it stands, or the path seen from this folder.
pub(super) fn relative_to(folder: &Path, name: &str) -> String {
    if is_path(name) { folder.join(name).display().to_string() } else { name.into() }
}

/// Finds a profile's document: a built-in, a name in the folder of user profiles, or a path, which is relative to
/// the document that names it.
fn find(name: &str, named_by: Option<&Document>) -> Result<Document, DocumentError> {
    if is_path(name) {
        let beside = named_by.and_then(|document| Path::new(&document.file).parent());
        let path = beside.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        let text = read(&path)?;
        // One name for each file, so that a circle is seen.
        let path = path.canonicalize().unwrap_or(path);
        return Ok(Document { file: path.display().to_string(), text: Cow::Owned(text) });
    }
    if let Some(builtin) = builtin(name) {
        return Ok(Document { file: builtin.name.into(), text: Cow::Borrowed(builtin.text) });
    }
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let path = system::profile_folder().join(format!("{name}.toml"));
    match if plain { read(&path) } else { Err(unknown(name)) } {
        Ok(text) => Ok(Document { file: path.display().to_string(), text: Cow::Owned(text) }),
        Err(error) if error.is_missing() => Err(unknown(name)),
        Err(error) => Err(error),
    }
}

fn unknown(name: &str) -> DocumentError {
    let mut nearest: Vec<(f64, String)> = names()
        .into_iter()
        .filter(|candidate| name.len() < 64 && candidate != name)
        .map(|candidate| (strsim::jaro_winkler(name, &candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    nearest.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest = nearest.into_iter().map(|(_, name)| name).take(3).collect();
    DocumentError::Unknown { name: name.into(), nearest }
}

/// The files in the folder of user profiles that a built-in of the same name hides.
pub(super) fn hidden_files() -> Vec<Problem> {
    let builtin =
        |path: &PathBuf| BUILTINS.iter().any(|b| path.file_stem().is_some_and(|stem| stem == b.name));
    let hidden = toml_files(&system::profile_folder()).into_iter().filter(builtin);
    let message = "the built-in profile of this name hides it: give it another name, or name it by its path";
    hidden.map(|path| Problem::whole(&path.display().to_string(), message)).collect()
}

/// The names of all profiles that can be named: built-ins first.
pub(super) fn names() -> Vec<String> {
    let builtins = BUILTINS.iter().map(|builtin| builtin.name.to_owned());
    let files = toml_files(&system::profile_folder());
    let files = files.iter().filter_map(|path| path.file_stem()?.to_str().map(str::to_owned));
    let mut names: Vec<String> = builtins.collect();
    for name in files {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
