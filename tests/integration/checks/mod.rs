//! Checks: their pages, and what each finds.

mod files;
mod sockets;

use std::fs;
use std::path::Path;

use twtune::advise::checks;

/// What a manual page is made of.
const HEADINGS: [&str; 4] = ["What it finds", "Why it matters", "What to do", "Sources"];

#[test]
fn every_check_has_a_page_of_one_form() {
    let mut ids: Vec<&str> = checks::ALL.iter().map(|check| check.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), checks::ALL.len(), "a name twice");
    for check in checks::ALL {
        let id = check.id;
        assert!(
            id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{id}: not in kebab-case"
        );
        assert!(std::ptr::eq(checks::find(id).expect("it is listed"), *check));
        let mut lines = check.page.lines();
        assert_eq!(lines.next(), Some(format!("# {id}").as_str()), "the title of {id}");
        assert!(check.summary().ends_with('.') && check.summary().len() < 120, "{id}: {}", check.summary());
        let headings: Vec<&str> = lines.filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{id}");
        let bare = check.page.lines().find(|line| line.chars().count() > 120);
        assert_eq!(bare, None, "{id}: a long line");
        for part in check.page.split("\n## ").skip(1) {
            assert!(part.lines().skip(1).any(|line| !line.trim().is_empty()), "{id}: an empty part");
        }
    }
}

/// A name with a joint in it is one for programs.
#[test]
fn every_fact_has_words_for_people() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let words = fs::read_to_string(source.join("render/human/evidence.rs")).expect("the words");
    let mut names = 0;
    for file in fs::read_dir(source.join("advise/checks")).expect("the checks") {
        let path = file.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a page or a source");
        for piece in text.split(".seen(").skip(1) {
            let name = piece.trim_start().trim_start_matches('"').split('"').next().unwrap_or_default();
            names += 1;
            let known = !name.contains('_') || words.contains(&format!("(\"{name}\", "));
            assert!(known, "{}: `{name}` has no words in evidence.rs", path.display());
        }
    }
    assert!(names > 50, "{names}");
}
