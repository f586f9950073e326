//! The configuration file.

use twtune::profile::Configuration;

/// It is read, or its fault has a place.
pub(crate) fn configuration(text: &str) {
    match Configuration::parse("twtune.toml", text) {
        Ok(read) => assert!(read.profiles.iter().map(String::len).sum::<usize>() <= text.len()),
        Err(problems) => super::problems(text, &problems),
    }
}
