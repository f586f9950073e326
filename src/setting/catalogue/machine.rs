//! Limits of the machine that connections run into.

use super::ALWAYS;
use super::FS_SYSCTL;
use super::INT;
use super::INT_MAX;
use super::KERNEL_SYSCTL;
use super::VM_SYSCTL;
use crate::setting::Accept;
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

/// The settings of this family.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "fs.file-max",
        kind: Kind::Integer,
        unit: Unit::Count,
        // A tenth of what the kernel has left at that moment, which is not much less; systemd raises it.
        defaults: &[(
            ALWAYS,
            DefaultValue::FromMemory {
                how: "a tenth of memory, counted in KiB",
                bytes: 16 << 10,
                most: i64::MAX.unsigned_abs(),
            },
        )],
        accepts: &[(ALWAYS, Accept::Between(0, 9_223_372_036_854_775_807))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "lowering it makes open() and accept() fail in all programs but the privileged",
        },
        semantics: "How many open files the machine may have; ENFILE says that it is reached. EMFILE is another \
             limit, the one of ulimit -n. The default is large: guides that set 100000 lower it. It is seen \
             and written from every network namespace.",
        sources: &[
            "https://docs.kernel.org/admin-guide/sysctl/fs.html",
            "fs/file_table.c: files_maxfiles_init",
            "proc(5), man-pages 6.03",
            "measured on 6.18",
        ],
    },
    Setting {
        key: "fs.nr_open",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("1048576"))],
        accepts: &[(ALWAYS, Accept::Between(64, 2_147_483_584))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Medium,
            note: "programs that close every possible descriptor at their start take minutes with a very \
                 high value, and a value below a limit of ulimit -n makes raising it fail",
        },
        semantics: "The most descriptors that ulimit -n and LimitNOFILE can give to one process. It is a \
             ceiling, not a limit by itself: EMFILE says that ulimit -n is reached.",
        sources: &[
            FS_SYSCTL,
            "fs/file_table.c, fs/file.c (6.1, 6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "fs.aio-max-nr",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("65536"))],
        accepts: &[(ALWAYS, Accept::Between(0, 18_446_744_073_709_551_615))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "waiting requests hold kernel memory",
        },
        semantics: "How many asynchronous I/O requests the machine may have set up; databases reserve them \
             at their start. It is not about connections.",
        sources: &[
            FS_SYSCTL,
            "fs/aio.c (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "fs.inotify.max_user_watches",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Computed("from memory, 8192 to 1048576"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "each watch holds about a KiB of kernel memory",
        },
        semantics: "How many files and folders the programs of one user may watch. \"No space left on \
             device\" from a program that watches files says that it is reached.",
        sources: &[
            FS_SYSCTL,
            "fs/notify/inotify/inotify_user.c (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "fs.inotify.max_user_instances",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("128"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Low,
            note: "each instance holds kernel memory",
        },
        semantics: "How many inotify instances the programs of one user may have. \"Too many open files\" \
             from a program that watches files can mean this one.",
        sources: &[
            FS_SYSCTL,
            "fs/notify/inotify/inotify_user.c (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "vm.overcommit_memory",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, 2))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::High,
            note: "2 makes allocations and forks fail where memory is only reserved, 1 lets them all \
                 through until memory is really used up",
        },
        semantics: "How freely memory is promised: 0 refuses what is obviously too much, 1 refuses \
             nothing, 2 never promises more than there is. Redis and the kubelet ask for 1, guides for \
             PostgreSQL ask for 2: one machine can only follow one of them.",
        sources: &[
            VM_SYSCTL,
            "kernel/sysctl.c (6.1, 6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "vm.panic_on_oom",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("0"))],
        accepts: &[(ALWAYS, Accept::Between(0, 2))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::High,
            note: "the whole machine goes down where one program could have been ended",
        },
        semantics: "What happens when memory runs out: 0 ends a program, 1 panics unless the shortage is \
             bounded to some nodes or groups, 2 always panics.",
        sources: &[
            VM_SYSCTL,
            "mm/oom_kill.c (6.1, 6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "vm.max_map_count",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("65530"))],
        accepts: &[(ALWAYS, Accept::Between(0, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "programs that map many files fail with \"cannot allocate memory\"",
        },
        semantics: "How many memory areas one process may have. Elasticsearch wants 1048576 and refuses to \
             start below 262144; Kafka maps two for each log segment.",
        sources: &[
            VM_SYSCTL,
            "kernel/sysctl.c (6.1, 6.12)",
            "https://www.elastic.co/guide/en/elasticsearch/reference/current/vm-max-map-count.html",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "vm.swappiness",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(ALWAYS, DefaultValue::Is("60"))],
        accepts: &[(ALWAYS, Accept::Between(0, 100)), (Version::new(5, 10), Accept::Between(0, 200))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "0 swaps nothing out until the last moment",
        },
        semantics: "How the kernel weighs swapping against dropping cached files, by their cost: at 100 \
             both cost the same, and below swapping is dearer. It has nothing to do with connections.",
        sources: &[
            VM_SYSCTL,
            "kernel/sysctl.c (6.1, 6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.panic",
        kind: Kind::Integer,
        unit: Unit::Second,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed(
                "chosen when the kernel was built (CONFIG_PANIC_TIMEOUT), 0 where nobody did",
            ),
        )],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Either,
            level: RiskLevel::Low,
            note: "after a restart nobody sees what the screen showed",
        },
        semantics: "How long the machine waits before it restarts after a panic: 0 waits for ever, a \
             negative number not at all. The kubelet sets 10.",
        sources: &[
            KERNEL_SYSCTL,
            "kernel/sysctl.c (6.1, 6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.panic_on_oops",
        kind: Kind::Integer,
        unit: Unit::Mode,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed("chosen when the kernel was built (CONFIG_PANIC_ON_OOPS)"),
        )],
        accepts: &[(ALWAYS, INT)],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Raising,
            level: RiskLevel::Medium,
            note: "a fault in a driver takes the whole machine down",
        },
        semantics: "Whether a fault in the kernel is a panic. With kernel.panic above 0 the machine then \
             restarts instead of going on damaged. Any other number but 0 is taken like 1. The kubelet sets 1.",
        sources: &[
            KERNEL_SYSCTL,
            "kernel/sysctl.c (6.1, 6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.keys.root_maxkeys",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Is("1000000"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "containers cannot be started once root has no keys left",
        },
        semantics: "How many kernel keys root may have. Container runtimes make one for each container; \
             the kubelet sets 1000000, which is the default.",
        sources: &[
            KERNEL_SYSCTL,
            "security/keys/sysctl.c, security/keys/key.c (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.keys.root_maxbytes",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(ALWAYS, DefaultValue::Is("25000000"))],
        accepts: &[(ALWAYS, Accept::Between(1, INT_MAX))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "containers cannot be started once the keys of root have no room left",
        },
        semantics: "How many bytes the kernel keys of root may take. The kubelet sets 25000000, which is \
             the default.",
        sources: &[
            KERNEL_SYSCTL,
            "security/keys/sysctl.c, security/keys/key.c (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.pid_max",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Computed("32768, more with more than 32 processors"))],
        accepts: &[(ALWAYS, Accept::Between(301, 4_194_304))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "programs cannot start threads: \"resource temporarily unavailable\"",
        },
        semantics: "Process and thread numbers end below it, so it bounds how many threads there can be. \
             systemd raises it to 4194304 at boot.",
        sources: &[
            KERNEL_SYSCTL,
            "kernel/pid.c, include/linux/threads.h (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.threads-max",
        kind: Kind::Integer,
        unit: Unit::Count,
        defaults: &[(ALWAYS, DefaultValue::Computed("as many as fill an eighth of memory"))],
        accepts: &[(ALWAYS, Accept::Between(1, 1_073_741_823))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "programs cannot start threads: \"resource temporarily unavailable\"",
        },
        semantics: "How many threads the machine may have. The default follows memory.",
        sources: &[
            KERNEL_SYSCTL,
            "kernel/fork.c: sysctl_max_threads (6.12)",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.shmmax",
        kind: Kind::Integer,
        unit: Unit::Byte,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed("as good as unlimited: 18446744073692774399 on 64 bits"),
        )],
        accepts: &[(ALWAYS, Accept::Between(0, 18_446_744_073_709_551_615))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a recipe of the time of small limits lowers it, and programs cannot get their shared \
                 memory",
        },
        semantics: "The largest segment of System V shared memory; each IPC namespace has its own. The \
             default has been as good as unlimited for years: what guides for databases set lowers it. It \
             has nothing to do with connections.",
        sources: &[
            KERNEL_SYSCTL,
            "include/uapi/linux/shm.h: SHMMAX (6.12)",
            "read on 6.18: 18446744073692774399",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
    Setting {
        key: "kernel.shmall",
        kind: Kind::Integer,
        unit: Unit::Page,
        defaults: &[(
            ALWAYS,
            DefaultValue::Computed("as good as unlimited: 18446744073692774399 on 64 bits"),
        )],
        accepts: &[(ALWAYS, Accept::Between(0, 18_446_744_073_709_551_615))],
        since: ALWAYS,
        until: None,
        scope: Scope::Machine,
        effect: Effect::Immediately,
        also_changes: &[],
        risk: Risk {
            of: Direction::Lowering,
            level: RiskLevel::Medium,
            note: "a recipe of the time of small limits lowers it, and programs cannot get their shared \
                 memory",
        },
        semantics: "All System V shared memory together, in pages; each IPC namespace has its own. The \
             default has been as good as unlimited for years: what guides for databases set lowers it.",
        sources: &[
            KERNEL_SYSCTL,
            "include/uapi/linux/shm.h: SHMALL (6.12)",
            "read on 6.18: 18446744073692774399",
            "measured on 5.10, 6.1, 6.12, 7.2 and 7.3, in virtual machines (tests/vm/run)",
        ],
    },
];
