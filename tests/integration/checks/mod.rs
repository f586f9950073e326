//! Checks: their pages, and what each finds.

mod files;
mod sockets;

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
