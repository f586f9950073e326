#![doc = include_str!("unreadable_drop_in.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::boot::Content;

/// The check.
pub static CHECK: Check = Check { id: "unreadable-drop-in", page: include_str!("unreadable_drop_in.md") };

pub(super) fn check(view: &BootView<'_>) -> Vec<Concern> {
    let concern = |subject: &str, why: &str, advice: &str| {
        Concern::of(&CHECK, Severity::Warning, subject).seen("why", why).advise(advice)
    };
    let files = view.files.files.iter().filter_map(|file| match &file.content {
        Content::Unreadable(why) => {
            Some(concern(&file.path, why, "run twtune as root, or let the file be read"))
        }
        Content::Nothing(why) => {
            Some(concern(&file.path, why, "delete it: it sets nothing, and hides others"))
        }
        Content::Text(_) | Content::Mask => None,
    });
    let folders = view.files.unlisted.iter().map(|why| concern("a folder", why, "run twtune as root"));
    files.chain(folders).collect()
}
