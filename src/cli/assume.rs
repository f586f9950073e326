//! `--assume`: the facts about a host that its image cannot tell.

use std::str::FromStr;

use crate::facts::BootLoader;
use crate::facts::Host;
use crate::setting::Os;
use crate::setting::Unit;
use crate::setting::Version;

/// What is assumed; None is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Assumed {
    /// The kernel's version, as it was written.
    pub(super) linux: Option<(String, Version)>,
    /// Physical memory in bytes.
    pub(super) memory: Option<u64>,
    /// Processors.
    pub(super) processors: Option<u32>,
}

impl Assumed {
    /// The host that an image will be, as far as it is assumed.
    pub(super) fn host(&self, name: String) -> Host {
        Host {
            name,
            os: Os::Linux,
            kernel: self.linux.as_ref().map_or("unknown".into(), |(text, _)| text.clone()),
            version: self.linux.as_ref().map(|(_, version)| *version),
            memory: self.memory,
            processors: self.processors,
            initial: true,
            boot_loader: BootLoader::Unknown,
            identity: None,
        }
    }
}

impl FromStr for Assumed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut assumed = Self::default();
        for part in text.split(',') {
            let faulty = || format!("`{part}`: write linux=6.1, mem=16GiB or cpus=8, joined by commas");
            let (fact, value) = part.trim().split_once('=').ok_or_else(faulty)?;
            let twice = match fact {
                "linux" => {
                    let version = Version::parse(value).ok_or_else(faulty)?;
                    assumed.linux.replace((value.into(), version)).is_some()
                }
                "mem" => {
                    let bytes = Unit::Byte.parse(value).map_err(|why| format!("mem: {why}"))?;
                    let bytes = u64::try_from(bytes).ok().filter(|bytes| *bytes > 0).ok_or_else(faulty)?;
                    assumed.memory.replace(bytes).is_some()
                }
                "cpus" => {
                    let count = value.parse().ok().filter(|count| *count > 0).ok_or_else(faulty)?;
                    assumed.processors.replace(count).is_some()
                }
                _ => return Err(faulty()),
            };
            if twice {
                return Err(format!("`{fact}` is given twice"));
            }
        }
        Ok(assumed)
    }
}
