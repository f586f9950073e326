//! What the command line needs of Linux. `cli/windows` has the same names.

mod boot;
mod console;
mod detach;
mod elsewhere;
mod file;
mod hangup;
mod path;
mod place;
mod signal;
mod timer;

pub(super) use boot::Root;
pub(super) use boot::boot_modules;
pub(super) use boot::has_boot_loader;
pub(super) use boot::image_identity;
pub(super) use boot::image_root;
pub(super) use boot::image_state;
pub(super) use boot::own_root;
pub(super) use console::shows_colours;
pub(super) use detach::detach;
pub(super) use detach::free;
pub(super) use detach::this_program;
pub(super) use elsewhere::elsewhere;
pub(super) use file::create_private;
pub(super) use file::open;
pub(super) use path::config_file;
pub(super) use path::profile_folder;
pub(super) use path::state_folder;
pub(super) use place::Settings;
pub(super) use place::administrator;
pub(super) use place::hand_out;
pub(super) use place::is_there;
pub(super) use place::may_write;
pub(super) use place::open_settings;
pub(super) use signal::watch_signals;
pub(super) use timer::start_timer;
pub(super) use timer::stop_timer;
