//! The registry of this machine, where the tests are told that it is theirs: a Wine prefix that nobody else uses.

use twtune::platform::Platform;
use twtune::platform::registry::Registry;
use twtune::platform::windows::LocalMachine;

pub(crate) fn own() -> Option<Box<dyn Platform>> {
    let told = std::env::var_os("TWTUNE_OWN_REGISTRY").is_some_and(|told| told == "yes");
    told.then(|| Box::new(Registry::new(LocalMachine)) as Box<dyn Platform>)
}
