//! The saved plan.

use twtune::plan::SavedPlan;
use twtune::plan::checksum;
use twtune::setting::Value;

use super::values::host;

/// What is taken is to the letter what twtune would save, and every change in it is one that the kernel takes.
pub(crate) fn plan(text: &str) {
    let host = host(Some(16 << 30));
    if let Ok((saved, _)) = SavedPlan::parse(text, &host) {
        assert_eq!(saved.text(), text);
    }
    // No mutation hits upon a checksum that fits: seal whatever has the shape of a plan, to come behind that.
    let Ok(mut shaped) = serde_json::from_str::<SavedPlan>(text) else { return };
    shaped.checksum = String::new();
    shaped.checksum = checksum(shaped.text());
    let sealed = shaped.text();
    if let Ok((saved, plan)) = SavedPlan::parse(&sealed, &host) {
        assert_eq!(saved, shaped);
        assert_eq!(plan.changes.len(), saved.changes.len());
        for change in &plan.changes {
            let after = change.after.as_deref().expect("a value");
            let value = Value::parse(change.setting.kind, after).expect("a value that can be read");
            assert!(twtune::plan::refused_by(&host, change.setting, &value).is_none(), "{after}");
        }
    }
    if sealed != text {
        assert!(SavedPlan::parse(text, &host).is_err(), "an edited plan was taken");
    }
}
