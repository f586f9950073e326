//! The terminal.

/// Whether the terminal understands colours: every one does that does not say otherwise by its name.
pub(crate) const fn shows_colours() -> bool {
    true
}
