//! `twtune check`

use crate::advise::Target;
use crate::cli::check_elsewhere::check_elsewhere;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::StateArgs;
use crate::cli::error::CliError;
use crate::cli::place::PlaceArgs;
use crate::cli::survey::Depth;
use crate::cli::survey::RuleArgs;
use crate::cli::survey::survey;
use crate::cli::watch::settle_and_tell;
use crate::render::CheckView;
use crate::render::Subject;
use crate::render::human;
use crate::render::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) rules: RuleArgs,
    #[command(flatten)]
    place: PlaceArgs,
    /// Every other network namespace of this machine as well, by its live values; settings of the machine are no
    /// part of them
    #[arg(long, conflicts_with_all = ["netns", "pid", "root"])]
    all_netns: bool,
    #[command(flatten)]
    pub(super) state: StateArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    if !args.place.is_image() {
        settle_and_tell(&args.state);
    }
    let skip = args.rules.skipped()?;
    let selection = context.selection(&args.rules.profiles)?;
    let rules = args.rules.rules(&selection, &skip);
    let place = args.place.open()?;
    if args.all_netns && place.target == Target::Boot {
        return Err(CliError::usage("other network namespaces have live values only")
            .hint("leave `--target` out, or say `--target both`"));
    }
    let whole = context.format == Format::Json;
    let survey =
        survey(&place, &rules, Depth { identity: whole, writable: whole, boot: whole })?.heed(&selection);
    let others =
        if args.all_netns { check_elsewhere(context, &selection, &rules, &survey.host)? } else { Vec::new() };
    let subject = Subject { host: &survey.host, profiles: &selection.names };
    let view = CheckView {
        subject,
        report: &survey.report,
        target: place.target,
        boot_left_out: place.boot_left_out,
        concerns: &survey.concerns,
        elsewhere: &others,
    };
    Context::report(|out| match context.format {
        Format::Human => human::check(out, view),
        Format::Json => json::check(out, view),
    })?;
    let met = survey.report.is_met() && others.iter().all(|other| other.report.is_met());
    Ok(u8::from(!met))
}
