//! The program on a registry: `twtune.exe` in Wine, held against what `reg` reads and exports. `tests/windows/build.sh`
//! builds what is run here. Where it was not built, or Wine is not here, these tests say so.

mod interruption;
mod machine;
mod program;
mod rights;
mod road;
mod typed;
