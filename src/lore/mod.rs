//! What people believe and what is true: the concepts that `explain` tells, each a page of Markdown, and what recipes
//! set. Pure; imports `setting`.

mod asked;
mod recipe;
mod search;

pub use asked::asked_names;
pub use recipe::Advice;
pub use recipe::Verdict;
pub use recipe::advice;
pub use recipe::advice_about;
pub use search::Topic;
pub use search::knows;
pub use search::nearest;
pub use search::search;

use self::asked::asked;
use crate::setting::Setting;

/// Something that is explained and is no setting.
#[derive(Debug)]
pub struct Concept {
    /// Its name, in kebab-case.
    pub id: &'static str,
    /// Its page.
    pub page: &'static str,
}

macro_rules! concept {
    ($id:literal, $file:literal) => {
        Concept { id: $id, page: include_str!($file) }
    };
}

/// Every concept, those that most people ask for first.
pub static CONCEPTS: &[Concept] = &[
    concept!("time-wait", "time_wait.md"),
    concept!("close-wait", "close_wait.md"),
    concept!("ephemeral-ports", "ephemeral_ports.md"),
    concept!("so-reuseaddr", "so_reuseaddr.md"),
    concept!("so-linger", "so_linger.md"),
    concept!("so-dontlinger", "so_dontlinger.md"),
    concept!("server-closes-first", "server_closes_first.md"),
    concept!("two-msl", "two_msl.md"),
    concept!("half-open", "half_open.md"),
    concept!("keepalive", "keepalive.md"),
    concept!("listen-queue", "listen_queue.md"),
    concept!("states", "states.md"),
    concept!("tcp-fast-open", "tcp_fast_open.md"),
    concept!("connection-tracking", "connection_tracking.md"),
    concept!("namespaces", "namespaces.md"),
    concept!("sysctl-recipes", "sysctl_recipes.md"),
];

/// The concept of this name, however its parts are joined: `TIME_WAIT`, `time-wait`, `Time Wait`.
#[must_use]
pub fn concept(name: &str) -> Option<&'static Concept> {
    let id: String =
        name.chars().map(|c| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() }).collect();
    CONCEPTS.iter().find(|concept| concept.id == id)
}

/// The first line of a page behind its title: what it is about, in one sentence.
#[must_use]
pub fn summary(page: &str) -> &str {
    page.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default()
}

impl Concept {
    /// It as an answer to a question: what it explains is asked more often than what a check or a setting does.
    #[must_use]
    pub fn topic(&self) -> Topic<'static> {
        let summary = summary(self.page);
        Topic { name: self.id, asked: asked(self.id), summary, text: self.page, weight: 1.5 }
    }
}

/// A page that is about one thing alone, such as a check's, as an answer to a question: it names much that others explain.
#[must_use]
pub fn topic_of_page(name: &'static str, page: &'static str) -> Topic<'static> {
    Topic { name, asked: asked(name), summary: summary(page), text: page, weight: 0.6 }
}

/// A setting as an answer to a question.
#[must_use]
pub fn topic_of(setting: &'static Setting) -> Topic<'static> {
    let summary = setting.semantics.split_inclusive(". ").next().unwrap_or_default();
    Topic { name: setting.key, asked: asked(setting.key), summary, text: setting.semantics, weight: 1.0 }
}

/// The concepts whose pages name a setting, by the last part of its key.
pub fn concepts_about(key: &str) -> impl Iterator<Item = &'static Concept> {
    let last = key.rsplit('.').next().unwrap_or(key).to_owned();
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
    CONCEPTS.iter().filter(move |concept| concept.page.split(word).any(|found| found == last))
}
