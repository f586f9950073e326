//! `twtune check`

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::place::PlaceArgs;
use crate::cli::survey::Depth;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::survey;
use crate::cli::watch::settle_and_warn;
use crate::render::CheckView;
use crate::render::Subject;
use crate::render::human;
use crate::render::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    state: StateArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    if !args.place.is_image() {
        settle_and_warn(&args.state);
    }
    let skip = args.rules.skipped()?;
    let selection = context.selection(&args.rules.profiles)?;
    let rules = args.rules.rules(&selection, &skip);
    let place = args.place.open()?;
    let whole = context.format == Format::Json;
    let survey =
        survey(&place, &rules, Depth { identity: whole, writable: whole, boot: whole })?.heed(&selection);
    let subject = Subject { host: &survey.host, profiles: &selection.names };
    let view =
        CheckView { subject, report: &survey.report, target: place.target, concerns: &survey.concerns };
    Context::report(|out| match context.format {
        Format::Human => human::check(out, view),
        Format::Json => json::check(out, view),
    })?;
    Ok(u8::from(!survey.report.is_met()))
}
