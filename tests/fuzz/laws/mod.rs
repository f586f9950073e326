//! What holds for whatever text twtune is given. The fuzz targets hold it against what a fuzzer invents, the
//! integration tests against the seeds, which include everything that was ever found.

mod boot;
mod configuration;
#[cfg(target_os = "linux")]
mod netlink;
mod plan;
mod profile;
mod record;
mod values;

pub(crate) use boot::boot;
pub(crate) use configuration::configuration;
#[cfg(target_os = "linux")]
pub(crate) use netlink::netlink;
#[cfg(target_os = "linux")]
pub(crate) use netlink::reported;
pub(crate) use plan::plan;
pub(crate) use profile::profile;
pub(crate) use record::record;
pub(crate) use values::host;
pub(crate) use values::values;

use twtune::profile::Problem;
use twtune::render::human;

/// Holds laws against bytes; what is no text does not come further than the reader of files.
pub(crate) fn of(laws: fn(&str), bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        laws(text);
    }
}

/// Problems point into the text, and their report is short and harmless.
fn problems(text: &str, problems: &[Problem]) {
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in problems {
        assert!(problem.line <= lines.len(), "{problem:?} lies behind the text");
        let line = lines.get(problem.line.saturating_sub(1)).copied().unwrap_or_default();
        assert!(problem.column <= line.chars().count() + 1, "{problem:?} lies behind its line");
    }
    let mut report = Vec::new();
    human::error(&mut report, "refused", &[], problems).expect("memory takes everything");
    let report = String::from_utf8(report).expect("a report is text");
    let harmless = |c: char| !c.is_control() || c == '\n';
    assert!(report.chars().all(harmless), "{report:?}");
    assert!(report.len() <= 1000 + problems.len() * 4000, "{} bytes about {problems:?}", report.len());
}

/// Numbers that follow from an input alone, so that a crash can be repeated: `splitmix64` from its FNV-1a hash.
struct Dice(u64);

impl Dice {
    fn of(input: &[u8]) -> Self {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(input.iter().fold(0xcbf2_9ce4_8422_2325, step))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let length = u64::try_from(from.len()).expect("a short list");
        from[usize::try_from(self.next() % length).expect("an index")]
    }
}
