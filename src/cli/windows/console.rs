//! The console.

/// Has the console understand colours, which older ones do when they are told; whether it does.
pub(crate) fn shows_colours() -> bool {
    anstyle_query::windows::enable_ansi_colors().unwrap_or(false)
}
