//! `twtune explain`

use crate::advise::checks;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::lore;
use crate::lore::Topic;
use crate::render::Page;
use crate::render::human;
use crate::render::json;
use crate::setting::Key;
use crate::setting::catalogue;

/// How many answers a question gets.
const MOST_ANSWERS: usize = 5;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A setting (the last part of its key will do where that is unique), a check, a concept, an error's name, or a
    /// message or question in quotes [default: lists them all]
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let Some(name) = &args.name else {
        Context::report(|out| match context.format {
            Format::Human => human::explain_all(out, &pages()),
            Format::Json => json::explain_all(out, &pages()),
        })?;
        return Ok(0);
    };
    match catalogue::resolve(name) {
        Ok((key, setting)) => Context::report(|out| match context.format {
            Format::Human => human::explain(out, &key, setting),
            Format::Json => json::explain(out, &key, setting),
        })?,
        Err(nearest) => match page(name) {
            Some(page) => Context::report(|out| match context.format {
                Format::Human => human::explain_page(out, page),
                Format::Json => json::explain_page(out, page),
            })?,
            None => unknown(context, name, &nearest)?,
        },
    }
    Ok(0)
}

/// Everything that is explained and is no setting.
fn pages() -> Vec<Page<'static>> {
    let concepts =
        lore::CONCEPTS.iter().map(|concept| Page { kind: "concept", name: concept.id, text: concept.page });
    let checks = checks::ALL.iter().map(|check| Page { kind: "check", name: check.id, text: check.page });
    concepts.chain(checks).collect()
}

fn page(name: &str) -> Option<Page<'static>> {
    let id = lore::concept(name).map_or(name, |concept| concept.id);
    pages().into_iter().find(|page| page.name == id)
}

/// A key that is gone, a question, or a slip of the finger.
fn unknown(context: &Context, name: &str, nearest: &[&str]) -> Result<(), CliError> {
    if let Some(gone) = Key::parse(name).ok().and_then(|key| catalogue::gone(&key)) {
        return Context::report(|out| match context.format {
            Format::Human => human::explain_gone(out, name, gone),
            Format::Json => json::explain_gone(out, name, gone),
        });
    }
    let pages = pages();
    let checks = checks::ALL.iter().map(|check| lore::topic_of_page(check.id, check.page));
    let topics: Vec<Topic<'_>> = lore::CONCEPTS
        .iter()
        .map(lore::Concept::topic)
        .chain(checks)
        .chain(catalogue::all().map(lore::topic_of))
        .collect();
    let found = lore::search(name, &topics, MOST_ANSWERS);
    let is_question = name.split_whitespace().count() > 1 || lore::knows(name, &topics);
    if is_question && !found.is_empty() {
        return Context::report(|out| match context.format {
            Format::Human => {
                let best = found[0].name;
                if let Some(page) = page(best) {
                    human::explain_page(out, page)?;
                } else if let Ok((key, setting)) = catalogue::resolve(best) {
                    human::explain(out, &key, setting)?;
                }
                human::explain_search(out, &found[1..])
            }
            Format::Json => json::explain_search(out, name, &found),
        });
    }
    let meant = lore::nearest(name, pages.iter().map(|page| page.name));
    let mut likely: Vec<&str> = Vec::new();
    for other in nearest.iter().copied().chain(meant).chain(found.iter().map(|topic| topic.name)) {
        if !likely.contains(&other) {
            likely.push(other);
        }
    }
    likely.truncate(3);
    let message = format!("there is no setting, check or concept `{name}`");
    let error = CliError::unknown_setting(ErrorKind::Refused, message, &likely);
    Err(error.hint("`twtune explain` lists them all; a message or question in quotes finds by its words"))
}
