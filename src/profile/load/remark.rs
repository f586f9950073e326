//! What a document says besides its rules: what it advises against, what it
//! does not go well with, and which findings are excepted.

use std::ops::Range;

use super::Reader;
use super::Table;
use crate::profile::Clash;
use crate::profile::Date;
use crate::profile::Exception;
use crate::profile::NotRecommended;
use crate::setting::Kind;

impl Reader<'_> {
    pub(super) fn not_recommended(&mut self, table: &Table<'_>) -> Vec<NotRecommended> {
        let mut found = Vec::new();
        for (table, span) in self.entries(table, "not_recommended") {
            self.known_fields(table, &[&["what", "why", "source"]], "a [[not_recommended]]");
            let what = self.required_text(table, "what", &span);
            let why = self.required_text(table, "why", &span);
            let source = self.text_field(table, "source").map(|(text, _)| text);
            if let (Some((what, _)), Some((why, _))) = (what, why) {
                found.push(NotRecommended { what, why, source });
            }
        }
        found
    }

    pub(super) fn clashes(&mut self, table: &Table<'_>) -> Vec<Clash> {
        let mut found = Vec::new();
        for (table, span) in self.entries(table, "clash") {
            self.known_fields(table, &[&["with", "why"]], "a [[clash]]");
            let with = self.required_text(table, "with", &span);
            let why = self.required_text(table, "why", &span);
            if let (Some((with, _)), Some((why, _))) = (with, why) {
                found.push(Clash { with, why });
            }
        }
        found
    }

    pub(super) fn exceptions(&mut self, table: &Table<'_>) -> Vec<Exception> {
        let mut found = Vec::new();
        for (table, span) in self.entries(table, "exception") {
            self.known_fields(table, &[&["key", "reason", "until", "uncatalogued"]], "an [[exception]]");
            let uncatalogued = self.switch(table, "uncatalogued").then_some(Kind::Text);
            let key = self.required_text(table, "key", &span);
            let key = key.and_then(|(text, span)| self.key(&text, &span, uncatalogued));
            let reason = self.required_text(table, "reason", &span);
            let until = self.date(table, &span);
            if let (Some((key, _)), Some((reason, _)), Some(until)) = (key, reason, until) {
                found.push(Exception { key, reason, until });
            }
        }
        found
    }

    fn date(&mut self, table: &Table<'_>, span: &Range<usize>) -> Option<Date> {
        let Some(node) = table.get("until") else {
            self.problem(span, "`until` is missing: the last day of the exception, `until = 2027-03-31`");
            return None;
        };
        let date = node.get_ref().as_datetime().filter(|datetime| datetime.time.is_none());
        let date = date.and_then(|datetime| datetime.date);
        if date.is_none() {
            self.problem(&node.span(), "`until` is a day without quotes: `until = 2027-03-31`");
        }
        date.map(|date| Date { year: date.year, month: date.month, day: date.day })
    }
}
