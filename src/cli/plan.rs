//! `twtune plan`

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::apply::origin;
use crate::cli::apply::refused_kind;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::document;
use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::cli::place::PlaceArgs;
use crate::cli::survey::Depth;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::Survey;
use crate::cli::survey::survey;
use crate::cli::system;
use crate::cli::watch::settle_and_tell;
use crate::observe;
use crate::plan;
use crate::plan::Plan;
use crate::plan::SavedPlan;
use crate::render::PlanView;
use crate::render::Subject;
use crate::render::human;
use crate::render::json;
use crate::render::sysctl;
use crate::setting::Key;
use crate::setting::Os;
use crate::setting::PortSet;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    state: StateArgs,
    /// Save the plan to this file, for `apply --plan`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Deal with lines of other files that would win over ours at boot: comment them out
    #[arg(long)]
    take_over: bool,
    /// Exit code 1 where there are changes, or something is refused
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    if context.as_sysctl && observe::OS == Os::Windows {
        return Err(CliError::usage("--format sysctl: Windows reads no sysctl.d")
            .hint("`twtune plan -o FILE` saves what `apply --plan FILE` makes"));
    }
    if !args.place.is_image() {
        settle_and_tell(&args.state);
    }
    let skip = args.rules.skipped()?;
    let selection = context.selection(&args.rules.profiles)?;
    let rules = args.rules.rules(&selection, &skip);
    let place = args.place.open()?;
    let identity = context.format == Format::Json || args.output.is_some();
    let mut survey = survey(&place, &rules, Depth { identity, ..Depth::default() })?.heed(&selection);
    let to_apply = system::may_write();
    // An image without a place for a history has none.
    let state = place.state(&args.state).ok();
    let plan = survey.plan(&place, &skip, state.as_deref(), args.take_over, (to_apply, true))?;
    let subject = Subject { host: &survey.host, profiles: &selection.names };
    let boot_left_out = place.boot_left_out;
    // Where it cannot be saved, the error is all that is told.
    let saved = args.output.as_deref().filter(|_| plan.refused.is_empty());
    if let Some(file) = saved {
        save(file, &survey, &place, &plan, &selection.names)?;
    }
    let view = PlanView { subject, report: &survey.report, plan: &plan, boot_left_out };
    Context::report(|out| match context.format {
        Format::Human if context.as_sysctl => sysctl::plan(out, view, &reserved(&place)),
        Format::Human => human::plan(out, view),
        Format::Json => json::plan(out, view),
    })?;
    if !to_apply && !plan.changes.is_empty() {
        Context::say(&format!("note: this user may not apply it; {}", system::administrator()));
    }
    if let Some(file) = saved {
        let makes = if plan.is_empty() { "then changes nothing either" } else { "makes these changes" };
        Context::say(&format!("saved; `twtune apply --plan {}` {makes}", file.display()));
    } else if args.output.is_some() {
        // Beside the report, which tells what is refused.
        let error = CliError::new(refused_kind(&plan.refused), "something is refused, so no plan was saved")
            .hint("`--skip KEY` leaves a setting out");
        Context::report_error_as(Format::Human, &error);
        return Ok(error.kind.exit_code());
    }
    Ok(u8::from(args.exit_code && !plan.is_empty()))
}

/// The ports that are reserved now.
fn reserved(place: &Place) -> PortSet {
    let reading = Key::parse(plan::RESERVED).map(|key| place.platform.read(&key));
    let text = reading.ok().and_then(|state| state.value().map(str::to_owned)).unwrap_or_default();
    PortSet::parse(&text).unwrap_or_default()
}

/// Saves a plan. One in which something is refused could never be applied, and is not to be saved.
fn save(
    file: &Path,
    survey: &Survey<'_>,
    place: &Place,
    plan: &Plan,
    profiles: &[String],
) -> Result<(), CliError> {
    let identity = place.identity()?;
    let id = plan.id(Some(&identity));
    let origin = origin(&survey.host, &identity, place);
    let boot_files = if plan.touches_boot() { survey.boot_checksums() } else { BTreeMap::new() };
    let saved = SavedPlan::new(plan, id, origin, profiles.to_vec(), boot_files);
    document::write(file, &saved.text())
}
