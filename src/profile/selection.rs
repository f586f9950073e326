//! Which rules count: the profiles that were asked for, those that they extend, and who wins over whom.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use crate::facts::Os;
use crate::profile::Clash;
use crate::profile::Condition;
use crate::profile::Exception;
use crate::profile::Level;
use crate::profile::Problem;
use crate::profile::Profile;
use crate::profile::Rule;
use crate::profile::load;
use crate::setting::Key;

/// Profiles extend each other at most this deep: far more than anybody could follow.
const MAX_DEPTH: usize = 32;

/// The text of a profile and where it was found.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file, or the name of a built-in.
    pub file: String,
    /// What it says.
    pub text: Cow<'static, str>,
}

/// Finds a profile's document by its name; the second argument is the document that names it, None for the names
/// that were asked for.
pub type Finder<'a, E> = dyn FnMut(&str, Option<&Document>) -> Result<Document, E> + 'a;

/// Why there is no selection.
#[derive(Debug)]
pub enum SelectError<E> {
    /// A document could not be had.
    Read(E),
    /// Documents are faulty; everything that is wrong with them.
    Faulty(Vec<Problem>),
}

/// The profiles that were asked for and all that they extend.
#[derive(Debug)]
pub struct Selection {
    /// The names of those that were asked for, in order.
    pub names: Vec<String>,
    /// What does not count for a while, whichever profile's rule it is.
    pub exceptions: Vec<Exception>,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    document: Document,
    profile: Profile,
    /// Its place on the command line, where it stands there.
    asked: Option<usize>,
    /// Its own place, or the first of those that brought it in.
    position: usize,
    /// How many steps of `extends` lead to it at the most.
    depth: usize,
    /// The members that it extends, also through others.
    extends: BTreeSet<usize>,
}

/// What a selection needs to know of a host before its rules can be judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// How much memory there is.
    pub memory: bool,
    /// How many processors there are.
    pub processors: bool,
}

/// A rule and the profile that it comes from.
#[derive(Clone, Copy, Debug)]
pub struct RankedRule<'a> {
    /// The rule.
    pub rule: &'a Rule,
    selection: &'a Selection,
    member: usize,
}

impl RankedRule<'_> {
    /// The name of the profile that it comes from.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.member().profile.name
    }

    /// A problem at the rule's place.
    #[must_use]
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        let document = &self.member().document;
        Problem::at(&document.file, &document.text, &self.rule.span, message)
    }

    /// Greater: this rule wins over the other where both cannot hold. Equal: neither does.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.member(), other.member());
        if let (Some(mine), Some(theirs)) = (mine.asked, theirs.asked) {
            mine.cmp(&theirs)
        } else if mine.extends.contains(&other.member) {
            Ordering::Greater
        } else if theirs.extends.contains(&self.member) {
            Ordering::Less
        } else {
            mine.position.cmp(&theirs.position)
        }
    }

    fn member(&self) -> &Member {
        &self.selection.members[self.member]
    }
}

impl Selection {
    /// The rules that count here, those that win before those that lose.
    #[must_use]
    pub fn rules(&self, os: Os, level: Level, skip: &[Key]) -> Vec<RankedRule<'_>> {
        let mut members: Vec<usize> = (0..self.members.len()).collect();
        members.sort_by_key(|at| (Reverse(self.members[*at].position), self.members[*at].depth));
        members
            .into_iter()
            .flat_map(|member| {
                self.members[member].profile.rules.iter().map(move |rule| RankedRule {
                    rule,
                    selection: self,
                    member,
                })
            })
            .filter(|ranked| ranked.rule.level >= level)
            .filter(|ranked| !skip.contains(&ranked.rule.key))
            .filter(|ranked| ranked.rule.setting.os() == os)
            .filter(|ranked| ranked.rule.when.as_ref().and_then(Condition::os).is_none_or(|of| of == os))
            .collect()
    }

    /// What is to be minded because two of the profiles are used together; each with the profile that says so.
    pub fn clashes(&self) -> impl Iterator<Item = (&str, &Clash)> {
        let present = |clash: &&Clash| self.members.iter().any(|member| member.profile.name == clash.with);
        self.members.iter().flat_map(move |member| {
            let clashes = member.profile.clashes.iter().filter(present);
            clashes.map(|clash| (member.profile.name.as_str(), clash))
        })
    }

    /// The profiles, those that were asked for first, each with the file that it comes from.
    pub fn profiles(&self) -> impl Iterator<Item = (&Profile, &str)> {
        self.members.iter().map(|member| (&member.profile, member.document.file.as_str()))
    }
}

impl Needs {
    /// What these rules need.
    #[must_use]
    pub fn of(rules: &[RankedRule<'_>]) -> Self {
        let mut needs = Self::default();
        for ranked in rules {
            if let Some(when) = &ranked.rule.when {
                needs.memory |= when.needs_memory();
                needs.processors |= when.needs_processors();
            }
            needs.memory |= ranked.rule.constraint.needs_memory();
        }
        needs
    }
}

/// Loads the profiles of these names and all that they extend.
///
/// # Errors
/// The first of the named documents that cannot be had, or the faults of all documents together.
pub fn select<E: fmt::Display>(
    names: &[String],
    read: &mut Finder<'_, E>,
) -> Result<Selection, SelectError<E>> {
    let mut selection = Selection { names: Vec::new(), exceptions: Vec::new(), members: Vec::new() };
    let mut problems = Vec::new();
    for (position, name) in names.iter().enumerate() {
        let document = read(name, None).map_err(SelectError::Read)?;
        let mut walk = Walk { selection: &mut selection, problems: &mut problems, read, trail: Vec::new() };
        if let Some(member) = walk.add(document, position)? {
            let member = &mut selection.members[member];
            member.asked = Some(position);
            member.position = position;
            member.depth = 0;
        }
    }
    // The same profile twice is the same wish: its place is the last.
    let mut asked: Vec<&Member> = selection.members.iter().filter(|member| member.asked.is_some()).collect();
    asked.sort_by_key(|member| member.asked);
    selection.names = asked.into_iter().map(|member| member.profile.name.clone()).collect();
    let exceptions = selection.members.iter().flat_map(|member| member.profile.exceptions.iter().cloned());
    selection.exceptions = exceptions.collect();
    if problems.is_empty() { Ok(selection) } else { Err(SelectError::Faulty(problems)) }
}

struct Walk<'a, E> {
    selection: &'a mut Selection,
    problems: &'a mut Vec<Problem>,
    read: &'a mut Finder<'a, E>,
    /// The files that led here.
    trail: Vec<String>,
}

impl<E: fmt::Display> Walk<'_, E> {
    /// Adds a document and those that it extends. None where it is faulty, which is then among the problems.
    fn add(&mut self, document: Document, position: usize) -> Result<Option<usize>, SelectError<E>> {
        let depth = self.trail.len();
        if let Some(known) = self.selection.members.iter().position(|m| m.document.file == document.file) {
            self.deepen(known, depth);
            return Ok(Some(known));
        }
        let profile = match load(&document.file, &document.text) {
            Ok(profile) => profile,
            Err(problems) => {
                self.problems
                    .extend(problems.into_iter().filter(|p| !self.problems.contains(p)).collect::<Vec<_>>());
                return Ok(None);
            }
        };
        self.trail.push(document.file.clone());
        let mut extends = BTreeSet::new();
        for (name, span) in profile.extends.iter().zip(&profile.extends_spans) {
            let fault = |message: String| Problem::at(&document.file, &document.text, span, message);
            let base = match (self.read)(name, Some(&document)) {
                Ok(base) => base,
                Err(error) => {
                    let message = format!("extends `{name}`: {error}");
                    self.problems.push(fault(message));
                    continue;
                }
            };
            if let Some(at) = self.trail.iter().position(|file| *file == base.file) {
                let mut circle: Vec<&str> = self.trail[at..].iter().map(String::as_str).collect();
                circle.push(&base.file);
                let message = format!("extends in a circle: {}", circle.join(" -> "));
                self.problems.push(fault(message));
            } else if depth >= MAX_DEPTH {
                let message = format!("extends more than {MAX_DEPTH} levels deep");
                self.problems.push(fault(message));
            } else if let Some(member) = self.add(base, position)? {
                extends.extend(&self.selection.members[member].extends);
                extends.insert(member);
            }
        }
        self.trail.pop();
        self.selection.members.push(Member { document, profile, asked: None, position, depth, extends });
        Ok(Some(self.selection.members.len() - 1))
    }

    /// Notes that a longer way leads to a member, and so to all that it extends.
    fn deepen(&mut self, member: usize, depth: usize) {
        if depth > self.selection.members[member].depth {
            self.selection.members[member].depth = depth;
            for base in self.selection.members[member].extends.clone() {
                self.deepen(base, depth + 1);
            }
        }
    }
}
