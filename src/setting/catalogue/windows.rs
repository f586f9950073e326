//! Windows: values of the registry, and the dynamic port ranges that netsh shows and sets.
//!
//! Nothing here was measured: the facts are those of Microsoft's documents, and where two of them contradict each
//! other, the entry says so. Versions are Windows' own numbers: 5.0 is 2000, 5.1 XP, 5.2 Server 2003, 6.0 Vista and
//! Server 2008, 6.2 8 and Server 2012, 6.3 8.1 and Server 2012 R2, 10.0 everything since.

use super::ALWAYS;
use super::UINT_MAX;
use crate::setting::Accept;
use crate::setting::ByVersion;
use crate::setting::DefaultValue;
use crate::setting::Direction;
use crate::setting::Effect;
use crate::setting::Kind;
use crate::setting::Risk;
use crate::setting::RiskLevel;
use crate::setting::Scope;
use crate::setting::Setting;
use crate::setting::Unit;
use crate::setting::Version;

const XP: Version = Version::new(5, 1);
const SERVER_2003: Version = Version::new(5, 2);
const VISTA: Version = Version::new(6, 0);
const WINDOWS_8_1: Version = Version::new(6, 3);

/// "Windows XP TCP/IP and NBT configuration parameters".
const KB_XP: &str = "Microsoft KB 314053, TCP/IP and NBT configuration parameters for Windows XP";

/// "Settings that can be Modified to Improve Network Performance".
const BIZTALK: &str = "https://learn.microsoft.com/en-us/biztalk/technical-guides/settings-that-can-be-modified-to-improve-network-performance";

/// "Troubleshoot port exhaustion issues".
const EXHAUSTION: &str = "https://learn.microsoft.com/en-us/troubleshoot/windows-client/networking/tcp-ip-port-exhaustion-troubleshooting";

/// "Performance tuning network adapters", its list of TCP parameters of Server 2003.
const ADAPTERS: &str = "https://learn.microsoft.com/en-us/windows-server/networking/technologies/network-subsystem/net-sub-performance-tuning-nics";

/// "The default dynamic port range for TCP/IP has changed".
const KB_RANGE: &str =
    "Microsoft KB 929851, the default dynamic port range for TCP/IP has changed since Windows Vista";

/// Whatever a `REG_DWORD` holds.
const DWORD: ByVersion<Accept> = &[(ALWAYS, Accept::Between(0, UINT_MAX))];

/// A value of Tcpip\Parameters that counts after a reboot.
const VALUE: Setting = Setting {
    key: "",
    kind: Kind::Integer,
    unit: Unit::Count,
    defaults: &[],
    accepts: DWORD,
    since: ALWAYS,
    until: None,
    scope: Scope::Machine,
    effect: Effect::AfterReboot,
    also_changes: &[],
    risk: Risk {
        of: Direction::Either,
        level: RiskLevel::Medium,
        note: "it is documented for Windows XP and not for anything later",
    },
    semantics: "",
    sources: &[],
};

/// A value that Windows has stopped reading.
const DEAD: Setting = Setting {
    defaults: &[(ALWAYS, DefaultValue::Computed("absent"))],
    until: Some(VISTA),
    effect: Effect::Never,
    risk: Risk {
        of: Direction::Either,
        level: RiskLevel::Low,
        note: "no Windows since Server 2003 reads it, so that it only leads whoever reads it astray",
    },
    sources: &[ADAPTERS],
    ..VALUE
};

/// A value of which no document of Microsoft's tells anything.
const FOLKLORE: Setting = Setting {
    defaults: &[(ALWAYS, DefaultValue::Computed("absent; no document of Microsoft's names one"))],
    effect: Effect::Unproven,
    risk: Risk {
        of: Direction::Either,
        level: RiskLevel::Medium,
        note: "nobody has shown what it does, if it does anything",
    },
    sources: &["tuning scripts only: no primary source was found"],
    ..VALUE
};

/// Ports that `connect()` and `bind()` to port 0 choose from.
const DYNAMIC_PORTS: Setting = Setting {
    kind: Kind::PortRange,
    unit: Unit::Port,
    defaults: &[(VISTA, DefaultValue::Is("49152 65535"))],
    accepts: &[(VISTA, Accept::DynamicPorts)],
    since: VISTA,
    effect: Effect::NewConnections,
    risk: Risk {
        of: Direction::Either,
        level: RiskLevel::Medium,
        note: "a program that listens inside the range can find its port taken at its start: keep services out \
             of it, or exclude their ports with `netsh int ipv4 add excludedportrange`",
    },
    sources: &[KB_RANGE, EXHAUSTION],
    ..VALUE
};

/// The settings of this family.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "tcpip.TcpTimedWaitDelay",
        unit: Unit::Second,
        defaults: &[(ALWAYS, DefaultValue::Is("240")), (XP, DefaultValue::Is("120"))],
        accepts: &[
            (ALWAYS, Accept::Between(30, 300)),
            (SERVER_2003, Accept::Between(0, 300)),
            (VISTA, Accept::Between(30, 300)),
            (WINDOWS_8_1, Accept::Between(2, 300)),
        ],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a port that is used again too soon can receive segments of the connection before",
        },
        semantics: "How long a connection stays in TIME_WAIT and keeps its port. REG_DWORD in \
             HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters, absent until somebody creates it. \
             Microsoft's pages contradict each other: the default is 120 seconds in those on XP, Server 2003 and \
             BizTalk and 240 in those on Windows 2000 and on port exhaustion in Windows 10; the least value is 0 in \
             the one on Server 2003 and 30 in all others of its time, and 2 since Windows 8.1 and Server 2012 R2. \
             None says what a value outside the range does, so 0 is not known to mean that there is no \
             TIME_WAIT. In a .reg file the number is hexadecimal: dword:0000001e is 30, dword:00000030 is 48.",
        sources: &[
            "Microsoft TechNet cc938217 (Windows 2000: 30 to 300, 240)",
            "Microsoft KB 314053 (XP: 30 to 300, 120; restart)",
            "Microsoft TechNet cc757512 (Server 2003: 0 to 300, 120)",
            BIZTALK,
            EXHAUSTION,
        ],
        ..VALUE
    },
    Setting {
        key: "tcpip.MaxUserPort",
        unit: Unit::Port,
        defaults: &[(ALWAYS, DefaultValue::Is("5000"))],
        accepts: &[(ALWAYS, Accept::Between(5000, 65_534))],
        until: Some(VISTA),
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "since Vista no document names it any more, and the dynamic port range has a start of its own",
        },
        semantics: "The last port that Windows XP and Server 2003 chose by themselves, from 1025 on. Since Vista \
             and Server 2008 the range is ipv4.dynamicport.tcp and its kin; whether anything still reads \
             MaxUserPort there is told by no primary source.",
        sources: &["Microsoft KB 196271", "Microsoft TechNet cc758002", KB_RANGE],
        ..VALUE
    },
    Setting {
        key: "tcpip.KeepAliveTime",
        unit: Unit::Millisecond,
        defaults: &[(ALWAYS, DefaultValue::Is("7200000"))],
        accepts: &[(ALWAYS, Accept::Between(1, UINT_MAX))],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a probe for each idle connection that asked for keepalive, and a short break in the network \
                 ends more of them",
        },
        semantics: "How long a connection with SO_KEEPALIVE is idle before the first probe. In milliseconds, where \
             Linux has seconds. A program that sets its own with SIO_KEEPALIVE_VALS or TCP_KEEPIDLE does not look \
             at it.",
        sources: &[KB_XP],
        ..VALUE
    },
    Setting {
        key: "tcpip.KeepAliveInterval",
        unit: Unit::Millisecond,
        defaults: &[(ALWAYS, DefaultValue::Is("1000"))],
        accepts: &[(ALWAYS, Accept::Between(1, UINT_MAX))],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Low,
            note: "a short break in the network ends more connections",
        },
        semantics: "How long a keepalive probe waits for its answer before the next one. In milliseconds, where \
             Linux has seconds.",
        sources: &[KB_XP],
        ..VALUE
    },
    Setting {
        key: "tcpip.TcpNumConnections",
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("16777214"))],
        accepts: &[(ALWAYS, Accept::Between(0, 16_777_214))],
        semantics: "How many connections TCP can have open at the same time. The 16777214 of tuning scripts is \
             the default.",
        sources: &[KB_XP],
        ..VALUE
    },
    Setting {
        key: "tcpip.TcpMaxDataRetransmissions",
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("5"))],
        semantics: "How often a segment is sent again before the connection is given up.",
        sources: &[KB_XP],
        ..VALUE
    },
    Setting {
        key: "ipv4.dynamicport.tcp",
        semantics: "The ports that connect() and bind() to port 0 choose from, TCP over IPv4: 16,384 by default, \
             136 connections a second to one destination while each keeps its port for 120 seconds. Shown and set \
             by `netsh int ipv4 show|set dynamicport tcp`, here as first and last port. Microsoft's own example \
             start=10000 num=1000 has fewer ports than the default.",
        ..DYNAMIC_PORTS
    },
    Setting {
        key: "ipv6.dynamicport.tcp",
        semantics: "The ports that connect() and bind() to port 0 choose from, TCP over IPv6: a range of its own. \
             Shown and set by `netsh int ipv6 show|set dynamicport tcp`, here as first and last port.",
        ..DYNAMIC_PORTS
    },
    Setting {
        key: "ipv4.dynamicport.udp",
        semantics: "The ports that bind() to port 0 chooses from, UDP over IPv4: a range of its own. Shown and set \
             by `netsh int ipv4 show|set dynamicport udp`, here as first and last port.",
        ..DYNAMIC_PORTS
    },
    Setting {
        key: "ipv6.dynamicport.udp",
        semantics: "The ports that bind() to port 0 chooses from, UDP over IPv6: a range of its own. Shown and set \
             by `netsh int ipv6 show|set dynamicport udp`, here as first and last port.",
        ..DYNAMIC_PORTS
    },
    Setting {
        key: "tcpip.TcpWindowSize",
        unit: Unit::Byte,
        semantics: "The receive window of Windows Server 2003 and earlier. It is no longer supported, and ignored \
             by everything later: the window tunes itself.",
        ..DEAD
    },
    Setting {
        key: "tcpip.NumTcbTablePartitions",
        semantics: "Into how many parts Windows Server 2003 and earlier split the table of connections. It is no \
             longer supported, and ignored by everything later.",
        ..DEAD
    },
    Setting {
        key: "tcpip.MaxHashTableSize",
        semantics: "The size of the table of connections in Windows Server 2003 and earlier. It is no longer \
             supported, and ignored by everything later.",
        ..DEAD
    },
    Setting {
        key: "tcpip.TcpFinWait2Delay",
        unit: Unit::Second,
        semantics: "Said to be how long a connection stays in FIN_WAIT_2. It stands in tuning scripts and in no \
             document of Microsoft's that was found.",
        ..FOLKLORE
    },
    Setting {
        key: "tcpip.StrictTimeWaitSeqCheck",
        unit: Unit::Mode,
        semantics: "Said to make Windows honour a TcpTimedWaitDelay below its default. It stands in tuning scripts \
             and in no document of Microsoft's that was found.",
        ..FOLKLORE
    },
    Setting {
        key: "afd.EnableDynamicBacklog",
        unit: Unit::Mode,
        semantics: "Said to let the listen queue grow. REG_DWORD in Services\\AFD\\Parameters where tuning scripts \
             have it; no document of Microsoft's was found that tells of it.",
        ..FOLKLORE
    },
    Setting {
        key: "afd.MinimumDynamicBacklog",
        semantics: "Said to be the least number of free places in a listen queue that grows. It stands in tuning \
             scripts and in no document of Microsoft's that was found.",
        ..FOLKLORE
    },
    Setting {
        key: "afd.MaximumDynamicBacklog",
        semantics: "Said to be the most places that a listen queue grows to. It stands in tuning scripts and in no \
             document of Microsoft's that was found.",
        ..FOLKLORE
    },
    Setting {
        key: "afd.DynamicBacklogGrowthDelta",
        semantics: "Said to be by how many places a listen queue grows at a time. It stands in tuning scripts and \
             in no document of Microsoft's that was found.",
        ..FOLKLORE
    },
];
