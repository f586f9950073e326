//! `twtune plan`

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::history::warn_of_interrupted;
use crate::cli::place::PlaceArgs;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::survey;
use crate::render::PlanView;
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
    /// Exit code 1 where there are changes, or something is refused
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let skip = args.rules.skipped()?;
    let selection = context.selection(&args.rules.profiles)?;
    let rules = args.rules.rules(&selection, &skip);
    let place = args.place.open()?;
    let mut survey = survey(&place, &rules, context.format == Format::Json, false)?;
    let plan = survey.plan(&place, &skip)?;
    let subject = Subject { host: &survey.host, profiles: &selection.names };
    let view = PlanView { subject, report: &survey.report, plan: &plan };
    Context::report(|out| match context.format {
        Format::Human => human::plan(out, view),
        Format::Json => json::plan(out, view),
    })?;
    warn_of_interrupted(&args.state);
    Ok(u8::from(args.exit_code && !plan.is_empty()))
}
