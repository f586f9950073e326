//! What the checks of the registry find, over a registry in memory.

use twtune::advise::checks;
use twtune::advise::checks::RegistryView;
use twtune::facts::BootLoader;
use twtune::facts::Host;
use twtune::facts::LiveReading;
use twtune::facts::Os;
use twtune::facts::Snapshot;
use twtune::platform::Platform;
use twtune::platform::registry::Registry;
use twtune::setting::Key;
use twtune::setting::Version;
use twtune::setting::catalogue;
use twtune::setting::registry_path;

use crate::registry::hive;

const WINDOWS_10: Version = Version::new(10, 0);
const SERVER_2003: Version = Version::new(5, 2);

/// Every setting of the registry.
fn settings() -> impl Iterator<Item = Key> {
    let keys = catalogue::all().map(|setting| hive::key(setting.key));
    keys.filter(|key| registry_path(key).is_some())
}

/// What is found where these values are set, as `check subject: name fact, ...; advice`.
fn found(values: &[(&str, &str)], version: Version) -> Vec<String> {
    let registry = Registry::new(hive::Memory::default());
    for (name, value) in values {
        hive::set(&registry, name, Some(value));
    }
    let read = |key: &Key| LiveReading { state: registry.read(key), writable: None, newer_than_boot: false };
    let values: Snapshot = settings().map(|key| (key.clone(), read(&key))).collect();
    let host = Host {
        name: "fixture".into(),
        os: Os::Windows,
        kernel: version.to_string(),
        version: Some(version),
        memory: None,
        processors: None,
        initial: true,
        boot_loader: BootLoader::Unknown,
        identity: None,
    };
    let concerns = checks::over_registry(&RegistryView { host: &host, values: &values });
    let told = concerns.iter().map(|concern| {
        let facts: Vec<String> =
            concern.evidence.iter().map(|(name, fact)| format!("{name} {fact}")).collect();
        format!(
            "{} {}: {}; {}",
            concern.check.id,
            concern.subject,
            facts.join(", "),
            concern.advice.join("; ")
        )
    });
    told.collect()
}

#[test]
fn a_value_that_windows_does_not_read_is_called_dead() {
    assert_eq!(
        found(&[("tcpip.TcpWindowSize", "65535")], WINDOWS_10),
        [
            r"dead-registry-value tcpip.TcpWindowSize: value 65535, why no Windows since Server 2003 reads it, so that it only leads whoever reads it astray; delete it: `reg delete HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters /v TcpWindowSize`"
        ]
    );
    assert!(found(&[("tcpip.TcpWindowSize", "65535")], SERVER_2003).is_empty(), "Server 2003 reads it");
}

#[test]
fn a_value_without_a_document_is_called_unproven() {
    assert_eq!(
        found(&[("afd.EnableDynamicBacklog", "REG_SZ:\"1\"")], WINDOWS_10),
        [
            r#"unproven-registry-value afd.EnableDynamicBacklog: value REG_SZ:"1", why nobody has shown what it does, if it does anything; delete it: `reg delete HKLM\SYSTEM\CurrentControlSet\Services\AFD\Parameters /v EnableDynamicBacklog`, unless a measurement of yours shows what it does"#
        ]
    );
    // The documents on it are of the Windows before.
    let ports = [("tcpip.MaxUserPort", "65534")];
    assert!(
        found(&ports, WINDOWS_10)[0].starts_with("unproven-registry-value tcpip.MaxUserPort: value 65534")
    );
    assert!(found(&ports, SERVER_2003).is_empty());
}

/// Of everything that the catalogue knows of the registry, these are told by name and nothing else.
#[test]
fn every_one_of_them_is_told_and_no_other() {
    let names: Vec<Key> = settings().collect();
    let all: Vec<(&str, &str)> = names.iter().map(|key| (key.as_str(), "1")).collect();
    let told: Vec<String> = found(&all, WINDOWS_10)
        .iter()
        .map(|told| told.split(':').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        told,
        [
            "dead-registry-value tcpip.MaxHashTableSize",
            "dead-registry-value tcpip.NumTcbTablePartitions",
            "dead-registry-value tcpip.TcpWindowSize",
            "unproven-registry-value afd.DynamicBacklogGrowthDelta",
            "unproven-registry-value afd.EnableDynamicBacklog",
            "unproven-registry-value afd.MaximumDynamicBacklog",
            "unproven-registry-value afd.MinimumDynamicBacklog",
            "unproven-registry-value tcpip.MaxUserPort",
            "unproven-registry-value tcpip.StrictTimeWaitSeqCheck",
            "unproven-registry-value tcpip.TcpFinWait2Delay",
        ]
    );
    assert!(found(&[], WINDOWS_10).is_empty(), "nothing is set");
}
