//! Colours. Nothing is told by colour alone.

use colored::ColoredString;
use colored::Colorize;

/// Switches colours on or off for everything that is rendered from now on.
pub fn enable(colours: bool) {
    colored::control::set_override(colours);
}

pub(super) fn bad(text: &str) -> ColoredString {
    text.red().bold()
}

pub(super) fn good(text: &str) -> ColoredString {
    text.green()
}

pub(super) fn doubt(text: &str) -> ColoredString {
    text.yellow()
}

pub(super) fn strong(text: &str) -> ColoredString {
    text.bold()
}

pub(super) fn faint(text: &str) -> ColoredString {
    text.dimmed()
}
