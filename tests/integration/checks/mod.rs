//! Checks: their pages, and what each finds.

use twtune::advise::checks;

/// What a manual page is made of, in this order; `What does not help` where people try something that does not.
const HEADINGS: [&str; 5] =
    ["What it finds", "Why it matters", "What to do", "What does not help", "Sources"];

#[test]
fn every_check_has_a_page_of_one_form() {
    let mut ids: Vec<&str> = checks::ALL.iter().map(|check| check.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), checks::ALL.len(), "a name twice");
    for check in checks::ALL {
        let id = check.id;
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}: not in kebab-case");
        assert!(std::ptr::eq(checks::find(id).expect("it is listed"), *check));
        let mut lines = check.page.lines();
        assert_eq!(lines.next(), Some(format!("# {id}").as_str()), "the title of {id}");
        assert!(check.summary().ends_with('.') && check.summary().len() < 120, "{id}: {}", check.summary());
        let headings: Vec<&str> = lines.filter_map(|line| line.strip_prefix("## ")).collect();
        let wanted =
            HEADINGS.iter().filter(|heading| **heading != "What does not help" || headings.contains(heading));
        assert_eq!(headings, wanted.copied().collect::<Vec<_>>(), "{id}");
        let bare = check.page.lines().find(|line| line.chars().count() > 120);
        assert_eq!(bare, None, "{id}: a long line");
        for part in check.page.split("\n## ").skip(1) {
            assert!(part.lines().skip(1).any(|line| !line.trim().is_empty()), "{id}: an empty part");
        }
    }
}
