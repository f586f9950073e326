//! The rollback file.

use twtune::transaction::Record;

/// What is taken is to the letter what twtune would write; and what twtune would write is taken.
pub(crate) fn record(text: &str) {
    if let Ok(record) = Record::parse(text) {
        let (sealed, again) = record.clone().sealed();
        assert_eq!(again, text);
        assert_eq!(sealed, record);
    }
    // No mutation hits upon a checksum that fits: seal whatever has the shape of a record, to come behind that.
    let Ok(shaped) = serde_json::from_str::<Record>(text) else { return };
    let (sealed, sealed_text) = shaped.clone().sealed();
    match Record::parse(&sealed_text) {
        Ok(read) => {
            assert_eq!(read, sealed);
            assert_eq!(read.sealed().1, sealed_text);
        }
        Err(why) => assert!(why.starts_with("its ") || why.starts_with("it names "), "{why}"),
    }
    if sealed_text != text {
        assert!(Record::parse(text).is_err(), "an edited record was taken");
    }
}
