//! A profile's text to its rules: every fault with its place, all at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeInteger;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::profile::Configuration;
use crate::profile::MOST_PROBLEMS;
use crate::profile::Problem;
use crate::profile::Profile;
use crate::setting::Key;
use crate::setting::is_hidden;

mod constraint;
mod remark;
mod rule;

const PROFILE_FIELDS: &[&str] =
    &["schema", "name", "summary", "extends", "rule", "not_recommended", "clash", "exception"];

/// No workload has this many wishes. Rules about one setting are held against each other, which takes the square of
/// their number.
const MOST_ENTRIES: usize = 1000;

/// Nobody follows more bases than these, and each is read from its file.
const MOST_BASES: usize = 100;

/// Reads a profile.
///
/// # Errors
/// Every fault of the text, in the order of their places.
pub fn load(file: &str, text: &str) -> Result<Profile, Vec<Problem>> {
    read(file, text, Reader::profile)
}

impl Configuration {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// Every fault of the text, in the order of their places.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        read(file, text, Reader::configuration)
    }
}

fn read<'a, T>(
    file: &'a str,
    text: &'a str,
    what: fn(&mut Reader<'a>, &Table<'_>) -> T,
) -> Result<T, Vec<Problem>> {
    let (document, faults) = DeTable::parse_recoverable(text);
    let mut reader = Reader { file, text, problems: Vec::new() };
    for fault in faults {
        let span = fault.span().unwrap_or(0..0);
        reader.problem(&span, fault.message().lines().next().unwrap_or_default());
    }
    let result = what(&mut reader, document.get_ref());
    let more = reader.problems.len() > MOST_PROBLEMS;
    let mut problems = reader.problems;
    if problems.is_empty() {
        return Ok(result);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    // A broken line is one fault, whatever else it then seems to lack.
    problems.dedup_by_key(|problem| (problem.line, problem.column));
    if more {
        problems.truncate(MOST_PROBLEMS);
        problems.push(Problem::whole(file, "there are more problems than these"));
    }
    Err(problems)
}

type Table<'i> = DeTable<'i>;
type Node<'i> = Spanned<DeValue<'i>>;

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, span: &Range<usize>, message: impl Into<String>) {
        if self.is_full() {
            return;
        }
        self.problems.push(Problem::at(self.file, self.text, span, message));
    }

    /// Whether whatever else is found is not told apart any more, and need not be made up.
    fn is_full(&self) -> bool {
        self.problems.len() > MOST_PROBLEMS
    }

    fn profile(&mut self, table: &Table<'_>) -> Profile {
        self.known_fields(table, &[PROFILE_FIELDS], "a profile");
        match table.get("schema") {
            None => self.problem(&(0..0), "`schema = 1` is missing"),
            Some(node) => {
                if node.get_ref().as_integer().map(DeInteger::as_str) != Some("1") {
                    self.problem(&node.span(), "this twtune reads `schema = 1`");
                }
            }
        }
        let name = self.required_text(table, "name", &(0..0));
        if let Some((name, span)) = &name
            && !(name.len() <= 64
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        {
            self.problem(
                span,
                "a name is made of a-z, 0-9 and `-`, begins with a letter and has at most 64 characters",
            );
        }
        let summary = self.required_text(table, "summary", &(0..0));
        let (extends, extends_spans) = self.extends(table);
        Profile {
            name: name.map(|(name, _)| name).unwrap_or_default(),
            summary: summary.map(|(summary, _)| summary).unwrap_or_default(),
            extends,
            extends_spans,
            rules: self.rules(table),
            not_recommended: self.not_recommended(table),
            clashes: self.clashes(table),
            exceptions: self.exceptions(table),
        }
    }

    /// The names, each with its place.
    fn extends(&mut self, table: &Table<'_>) -> (Vec<String>, Vec<Range<usize>>) {
        let Some(node) = table.get("extends") else { return Default::default() };
        let Some(array) = node.get_ref().as_array() else {
            self.problem(&node.span(), "`extends` is a list of names: [\"general\"]");
            return Default::default();
        };
        if array.len() > MOST_BASES {
            self.problem(&node.span(), format!("a profile extends at most {MOST_BASES} others"));
        }
        let named = array.iter().take(MOST_BASES);
        named.filter_map(|name| Some((self.text_of(name, "extends")?, name.span()))).unzip()
    }

    fn configuration(&mut self, table: &Table<'_>) -> Configuration {
        self.known_fields(table, &[&["profiles", "exception"]], "the configuration");
        let profiles = match table.get("profiles").map(|node| (node, node.get_ref().as_array())) {
            None => Vec::new(),
            Some((_, Some(names))) => {
                names.iter().filter_map(|name| self.text_of(name, "profiles")).collect()
            }
            Some((node, None)) => {
                self.problem(&node.span(), "`profiles` is a list of names: [\"general\"]");
                Vec::new()
            }
        };
        Configuration { profiles, exceptions: self.exceptions(table) }
    }

    /// The tables of a `[[field]]`, each with its place.
    fn entries<'t, 'i>(&mut self, table: &'t Table<'i>, field: &str) -> Vec<(&'t Table<'i>, Range<usize>)> {
        let Some(node) = table.get(field) else { return Vec::new() };
        let Some(array) = node.get_ref().as_array() else {
            self.problem(&node.span(), format!("write it as [[{field}]]"));
            return Vec::new();
        };
        if array.len() > MOST_ENTRIES {
            self.problem(&node.span(), format!("a document has at most {MOST_ENTRIES} times [[{field}]]"));
        }
        let mut entries = Vec::new();
        for entry in array.iter().take(MOST_ENTRIES) {
            match entry.get_ref().as_table() {
                Some(table) => entries.push((table, entry.span())),
                None => self.problem(&entry.span(), format!("write it as [[{field}]]")),
            }
        }
        entries
    }

    /// A key in either spelling, of one setting.
    fn key_text(&mut self, text: &str, span: &Range<usize>) -> Option<Key> {
        let key = Key::parse(text).map_err(|message| self.problem(span, message)).ok()?;
        if text.contains('*') {
            self.problem(span, format!("`{key}` names many settings: write one rule for each interface"));
            return None;
        }
        Some(key)
    }

    fn required_text(
        &mut self,
        table: &Table<'_>,
        field: &str,
        place: &Range<usize>,
    ) -> Option<(String, Range<usize>)> {
        if !table.contains_key(field) {
            self.problem(place, format!("`{field}` is missing"));
            return None;
        }
        let (text, span) = self.text_field(table, field)?;
        if text.trim().is_empty() {
            self.problem(&span, format!("`{field}` is empty"));
            return None;
        }
        Some((text, span))
    }

    fn text_field(&mut self, table: &Table<'_>, field: &str) -> Option<(String, Range<usize>)> {
        let node = table.get(field)?;
        Some((self.text_of(node, field)?, node.span()))
    }

    fn text_of(&mut self, node: &Node<'_>, field: &str) -> Option<String> {
        let Some(text) = node.get_ref().as_str() else {
            self.problem(&node.span(), format!("`{field}` is a text in quotes"));
            return None;
        };
        // A line break in a reason would become a line of a boot file; an escape, a command to a terminal.
        if let Some(control) = hidden_character(text) {
            self.problem(
                &node.span(),
                format!("`{field}` holds the control or invisible character U+{:04X}", u32::from(control)),
            );
            return None;
        }
        Some(text.into())
    }

    /// A field that is true or false; false where it is not there.
    fn switch(&mut self, table: &Table<'_>, field: &str) -> bool {
        let Some(node) = table.get(field) else { return false };
        let value = node.get_ref().as_bool();
        if value.is_none() {
            self.problem(&node.span(), format!("`{field}` is true or false"));
        }
        value.unwrap_or(false)
    }

    fn known_fields(&mut self, table: &Table<'_>, known: &[&[&str]], what: &str) {
        for name in table.keys() {
            let field = name.get_ref().as_ref();
            if known.iter().any(|list| list.contains(&field)) {
                continue;
            }
            let nearest = known
                .iter()
                .flat_map(|list| list.iter())
                .filter(|_| field.len() < 64 && !self.is_full())
                .map(|candidate| (strsim::jaro_winkler(field, candidate), candidate))
                .filter(|(score, _)| *score > 0.8)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let hint = nearest.map_or_else(String::new, |(_, name)| format!(": did you mean `{name}`?"));
            self.problem(&name.span(), format!("{what} has no field `{}`{hint}", field.escape_debug()));
        }
    }
}

/// The first character that makes the text read other than it is.
fn hidden_character(text: &str) -> Option<char> {
    // Plain ASCII, as nearly every text is, needs no decoding.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return None;
    }
    text.chars().find(|c| is_hidden(*c))
}
