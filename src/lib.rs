//! twtune reads the settings that matter when TCP connections pile up, holds them against what a workload needs,
//! shows the changes, makes them with a rollback file, and takes them back.
//!
//! Data flows one way, from room to room; `docs/architecture.md` is the map:
//!
//! ```text
//! platform, observe  --read-->   facts
//! profiles/*.toml    --load-->   profile
//! facts + profile    --advise--> findings
//! findings           --plan-->   plan
//! plan               --transaction--> outcome + rollback file
//! claims             --lab-->    verdicts, from namespaces of their own
//! any of these       --render--> text
//! ```
//!
//! # Invariants
//!
//! 1. The old value is on disk, synced, before the first write.
//! 2. Absent is a value.
//! 3. Every write is read back and compared by meaning, not text.
//! 4. One unreadable setting never stops a report.
//! 5. Commands return data, only [`render`] makes text, only [`cli`] knows exit codes.
//! 6. Wire types (JSON, rollback file, TOML) are separate from the inner types and carry a version.
//! 7. Nothing outside [`transaction`] changes a machine.
//! 8. What a write changes besides itself is in the catalogue, saved, and restored.

pub mod advise;
pub mod cli;
pub mod facts;
pub mod lab;
pub mod lore;
pub mod observe;
pub mod plan;
pub mod platform;
pub mod profile;
pub mod render;
pub mod setting;
pub mod transaction;
