//! The rules of a profile.

use std::ops::Range;

use toml::Spanned;

use super::Node;
use super::Reader;
use super::Table;
use super::constraint;
use crate::profile::Condition;
use crate::profile::Constraint;
use crate::profile::Level;
use crate::profile::Rule;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::Setting;
use crate::setting::catalogue;

const FIELDS: &[&str] = &["key", "level", "when", "why", "source", "propose", "uncatalogued"];

impl Reader<'_> {
    pub(super) fn rules(&mut self, table: &Table<'_>) -> Vec<Rule> {
        let entries = self.entries(table, "rule");
        entries.into_iter().filter_map(|(table, span)| self.rule(table, &span)).collect()
    }

    fn rule(&mut self, table: &Table<'_>, span: &Range<usize>) -> Option<Rule> {
        self.known_fields(table, &[FIELDS, constraint::FORMS], "a rule");
        let written = constraint::FORMS.iter().filter_map(|form| Some((*form, table.get(*form)?)));
        let written: Vec<(&str, &Node<'_>)> = written.collect();
        let allowed = self.switch(table, "uncatalogued");
        let key = self.required_text(table, "key", span);
        let key = key
            .and_then(|(text, span)| self.key(&text, &span, allowed.then(|| constraint::kind_of(&written))));
        let level = self.level(table);
        let when = self.text_field(table, "when").and_then(|(text, span)| {
            Condition::parse(&text).map_err(|message| self.problem(&span, message)).ok()
        });
        let why = self.required_text(table, "why", span);
        let source = self.text_field(table, "source").map(|(text, _)| text);
        let constraint = self.constraint(table, span, &written, key.as_ref().map(|(_, setting)| *setting));
        let (key, setting) = key?;
        let span = table.get("key").map_or_else(|| span.clone(), Spanned::span);
        Some(Rule { key, setting, constraint: constraint?, level, when, why: why?.0, source, span })
    }

    /// The key and what is known about it. `uncatalogued` is the kind of what the catalogue need not know.
    pub(super) fn key(
        &mut self,
        text: &str,
        span: &Range<usize>,
        uncatalogued: Option<Kind>,
    ) -> Option<(Key, &'static Setting)> {
        let key = self.key_text(text, span)?;
        if let Some(setting) = catalogue::find(&key) {
            return Some((key, setting));
        }
        if let Some(gone) = catalogue::gone(&key) {
            self.problem(span, format!("`{key}` is gone: {}", gone.what));
            return None;
        }
        if let Some(kind) = uncatalogued {
            return match catalogue::uncatalogued(&key, kind) {
                Ok(setting) => Some((key, setting)),
                Err(why) => {
                    self.problem(span, format!("`{key}` cannot be `uncatalogued`: {why}"));
                    None
                }
            };
        }
        // To look for what was meant takes longer than all else.
        let nearest = if self.is_full() { Vec::new() } else { catalogue::nearest(key.as_str()) };
        let hint = if nearest.is_empty() {
            "the catalogue does not know it".into()
        } else {
            format!("did you mean {}?", nearest.join(" or "))
        };
        self.problem(span, format!("unknown key `{key}`: {hint}"));
        None
    }

    /// The level; a rule that does not say is the milder one.
    fn level(&mut self, table: &Table<'_>) -> Level {
        let Some((text, span)) = self.text_field(table, "level") else {
            return Level::Recommended;
        };
        match text.as_str() {
            "required" => Level::Required,
            "recommended" => Level::Recommended,
            _ => {
                self.problem(&span, format!("`{text}` is not a level: write required or recommended"));
                Level::Recommended
            }
        }
    }

    fn constraint(
        &mut self,
        table: &Table<'_>,
        span: &Range<usize>,
        written: &[(&str, &Node<'_>)],
        setting: Option<&'static Setting>,
    ) -> Option<Constraint> {
        let (form, node) = match *written {
            [one] => one,
            [] => {
                self.problem(span, format!("a rule needs one of {}", constraint::FORMS.join(", ")));
                return None;
            }
            [(first, _), (second, node), ..] => {
                self.problem(
                    &node.span(),
                    format!("a rule has one constraint: `{first}` or `{second}`, not both"),
                );
                return None;
            }
        };
        let propose = table.get("propose");
        if let Some(propose) = propose
            && form != "between"
        {
            self.problem(&propose.span(), "`propose` goes with `between` only");
            return None;
        }
        // Without a known setting there is nothing to hold the value against.
        let setting = setting?;
        constraint::read(form, node, propose, setting)
            .map_err(|(span, message)| self.problem(&span, message))
            .ok()
    }
}
