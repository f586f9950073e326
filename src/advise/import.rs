//! Foreign files to rules: what the catalogue makes of each line of a sysctl.conf, a file of sysctl.d or a TuneD
//! profile.

mod tuned;

use std::collections::BTreeMap;

use self::tuned::Wish;
use crate::facts::Loader;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Reading;
use crate::facts::boot::SYSCTL_CONF;
use crate::facts::boot::Verb;
use crate::lore;
use crate::setting::DefaultValue;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::Setting;
use crate::setting::Value;
use crate::setting::Written;
use crate::setting::catalogue;
use crate::setting::is_hidden;
use crate::setting::written;

/// A line that sets something, and what is to be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedLine {
    /// Which one of its file it is, counted from 1.
    pub number: usize,
    /// The key as it stands there.
    pub key: String,
    /// The value as it stands there, with single spaces.
    pub value: String,
    /// What is to be made of it.
    pub judgement: Judgement,
    /// Why; None where there is nothing to say.
    pub why: Option<String>,
    /// The line as a rule; None where it cannot be one.
    pub rule: Option<ImportedRule>,
}

/// What a rule would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedRule {
    /// The key.
    pub key: Key,
    /// The constraint in TOML: `want = 1`.
    pub constraint: String,
    /// Whether the catalogue does not know the setting.
    pub uncatalogued: bool,
}

/// What is to be made of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// Nothing speaks against it.
    Fine,
    /// The kernel does the same without it.
    Default,
    /// Folklore has something to be said about.
    Lore(lore::Verdict),
    /// The catalogue does not know it.
    Uncatalogued,
    /// A later line of the same file sets the same.
    Overridden,
    /// No kernel in use has it.
    Gone,
    /// The kernel would refuse it.
    Refused,
    /// No profile can say it.
    Inexpressible,
}

impl Judgement {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Default => "default",
            Self::Lore(verdict) => verdict.name(),
            Self::Uncatalogued => "uncatalogued",
            Self::Overridden => "overridden",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Inexpressible => "inexpressible",
        }
    }

    /// Whether the line becomes a rule that counts: what harms, and what does nothing, is only shown.
    #[must_use]
    pub const fn is_taken(self) -> bool {
        matches!(
            self,
            Self::Fine
                | Self::Default
                | Self::Uncatalogued
                | Self::Lore(lore::Verdict::Note | lore::Verdict::Risky)
        )
    }
}

/// Every line of the text that sets something, in order.
#[must_use]
pub fn import(text: &str) -> Vec<ImportedLine> {
    let mut lines = if tuned::is_profile(text) { tuned_profile(text) } else { sysctl_conf(text) };
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for at in (0..lines.len()).rev() {
        let Some(rule) = lines[at].rule.as_ref().filter(|_| lines[at].judgement != Judgement::Refused) else {
            continue;
        };
        if let Some(later) = last.get(rule.key.as_str()) {
            lines[at].why = Some(format!("Line {later} sets it again."));
            lines[at].judgement = Judgement::Overridden;
        } else {
            last.insert(rule.key.to_string(), lines[at].number);
        }
    }
    lines
}

/// A file as `sysctl -p` reads it.
fn sysctl_conf(text: &str) -> Vec<ImportedLine> {
    let files = BootFiles::default().with(SYSCTL_CONF, text);
    let reading = Reading::new(&files, Loader::Procps);
    let entries = reading.entries().map(|entry| {
        let (key, value) = (reading.name_of(entry).key(), entry.assigned().value);
        let number = entry.number();
        match entry.verb {
            Verb::Set => judged(number, &key, &value, Wish::Equal),
            Verb::Exclude | Verb::Nonsense => left_out(number, key, String::new(), "It sets nothing."),
        }
    });
    entries.collect()
}

fn tuned_profile(text: &str) -> Vec<ImportedLine> {
    let imported = |line: tuned::Line| match line.wish {
        Ok(wish) => judged(line.number, &line.key, &line.value, wish),
        Err(why) => left_out(line.number, line.key, line.value, why),
    };
    tuned::lines(text).into_iter().map(imported).collect()
}

/// What no profile can say.
fn left_out(number: usize, key: String, value: String, why: &str) -> ImportedLine {
    let judgement = Judgement::Inexpressible;
    ImportedLine { number, key, value, judgement, why: Some(why.into()), rule: None }
}

fn judged(number: usize, key: &str, value: &str, wish: Wish) -> ImportedLine {
    let line = |judgement, why: Option<String>, rule| {
        let (key, value) = (key.to_owned(), value.to_owned());
        ImportedLine { number, key, value, judgement, why, rule }
    };
    let parsed = match Key::parse(key) {
        Ok(parsed) if !key.contains(['*', '?', '[']) => parsed,
        Ok(_) => {
            let why = "A rule is about one setting: write one for each that the pattern means.";
            return line(Judgement::Inexpressible, Some(why.into()), None);
        }
        Err(why) => return line(Judgement::Inexpressible, Some(sentence(&why)), None),
    };
    if let Some(gone) = catalogue::gone(&parsed) {
        return line(Judgement::Gone, Some(sentence(gone.what)), None);
    }
    if value.chars().any(is_hidden) {
        return line(
            Judgement::Refused,
            Some("The value holds a character that nobody can see.".into()),
            None,
        );
    }
    let Some(setting) = catalogue::find(&parsed) else {
        return match uncatalogued(&parsed, value, wish) {
            Ok(rule) => line(Judgement::Uncatalogued, Some(unknown(key)), rule),
            Err(why) => {
                let why = format!("The catalogue does not know it, and no profile may name it: {why}.");
                line(Judgement::Inexpressible, Some(why), None)
            }
        };
    };
    let (understood, remark) = match understand(setting, value) {
        Ok(understood) => understood,
        Err(why) => {
            let comment = value.contains(['#', ';']);
            let comment = if comment { " A comment behind a value is part of the value." } else { "" };
            return line(Judgement::Refused, Some(format!("{}{comment}", sentence(&why))), None);
        }
    };
    let remarked = |why: Option<&str>| {
        let parts: Vec<&str> = why.into_iter().chain(remark.as_deref()).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let rule = rule(&parsed, setting, &understood, wish);
    let advice = lore::advice(&parsed, &understood);
    if setting.until.is_some() {
        let why = advice.map_or(setting.semantics, |advice| advice.why);
        return line(Judgement::Gone, remarked(Some(why)), rule);
    }
    if let Some(advice) = advice {
        return line(Judgement::Lore(advice.verdict), remarked(Some(advice.why)), rule);
    }
    let default = setting.defaults.last().and_then(|(_, default)| match default {
        DefaultValue::Is(text) => Value::parse(setting.kind, text).ok(),
        DefaultValue::Computed(_) | DefaultValue::FromMemory { .. } => None,
    });
    if default == Some(understood) {
        return line(Judgement::Default, remarked(Some("It is the default.")), rule);
    }
    line(Judgement::Fine, remarked(None), rule)
}

/// The value that the line sets, and what is to be said of how the kernel reads it, which is less strict than a profile.
fn understand(setting: &Setting, text: &str) -> Result<(Value, Option<String>), String> {
    let strictly = Value::parse(setting.kind, text);
    match strictly.and_then(|value| setting.refuses(&value).map_or(Ok(value), Err)) {
        Ok(value) => Ok((value, None)),
        Err(why) => match written(setting.kind, setting.accepts.last().map(|(_, accept)| accept), text, None)
        {
            Written::Value(value) => {
                let remark = format!("The kernel reads {value}: what else stands there is no part of it.");
                Ok((value, Some(remark)))
            }
            Written::Refused(_) | Written::Unknown(_) => Err(why),
        },
    }
}

/// What to say of a key that the catalogue does not know.
fn unknown(key: &str) -> String {
    let slip = |other: &&&str| strsim::damerau_levenshtein(key, other) <= 2;
    match catalogue::nearest(key).iter().find(slip) {
        Some(meant) => format!("The catalogue does not know it: is {meant} meant?"),
        None => "The catalogue does not know it: nothing is known of its range and of what else it changes."
            .into(),
    }
}

fn uncatalogued(key: &Key, value: &str, wish: Wish) -> Result<Option<ImportedRule>, &'static str> {
    let kind = if value.parse::<i128>().is_ok() { Kind::Integer } else { Kind::Text };
    let setting = catalogue::uncatalogued(key, kind)?;
    Ok(Value::parse(kind, value).ok().and_then(|value| rule(key, setting, &value, wish)))
}

/// The line as a rule; None where none can say it.
fn rule(key: &Key, setting: &Setting, value: &Value, wish: Wish) -> Option<ImportedRule> {
    let listed = |parts: Vec<String>| format!("[{}]", parts.join(", "));
    let literal = match value {
        Value::Numbers(numbers) if setting.kind == Kind::Integer => numbers.first()?.to_string(),
        Value::Numbers(numbers) => listed(numbers.iter().map(i128::to_string).collect()),
        Value::Range(range) => listed(vec![range.low.to_string(), range.high.to_string()]),
        Value::Ports(ports) => {
            let text = ports.to_string();
            listed(text.split(',').filter(|part| !part.is_empty()).map(quoted).collect())
        }
        Value::Word(word) => quoted(word),
    };
    let form = match (wish, value) {
        (Wish::Equal, _) => "want",
        (Wish::AtLeast, Value::Numbers(_)) => "at_least",
        (Wish::AtMost, Value::Numbers(_)) => "at_most",
        (Wish::AtLeast | Wish::AtMost, _) => return None,
    };
    let constraint = format!("{form} = {literal}");
    Some(ImportedRule { key: key.clone(), constraint, uncatalogued: !setting.is_catalogued() })
}

/// A text in quotes, as TOML wants it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A fragment as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
