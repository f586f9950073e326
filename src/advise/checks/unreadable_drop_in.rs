#![doc = include_str!("unreadable_drop_in.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::boot::Content;

/// The check.
pub static CHECK: Check = Check { id: "unreadable-drop-in", page: include_str!("unreadable_drop_in.md") };

const NOTHING: &str = "delete it: it sets nothing, and hides others";

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    let mut add = |subject: &str, why: &str, advice: &str| {
        found.add(Severity::Warning, || {
            Concern::of(&CHECK, Severity::Warning, subject).seen("why", why).advise(advice)
        });
    };
    for file in &view.files.files {
        match &file.content {
            Content::Unreadable(why) => add(&file.path, why, "run twtune as root, or let the file be read"),
            Content::Nothing(why) => add(&file.path, why, NOTHING),
            Content::NotFile => add(&file.path, "it is not a file", NOTHING),
            Content::Text(_) | Content::Mask => {}
        }
    }
    view.files.unlisted.iter().for_each(|why| add("a folder", why, "run twtune as root"));
}
