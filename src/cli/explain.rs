//! `twtune explain`

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::error::CliError;
use crate::cli::error::ErrorKind;
use crate::render::human;
use crate::render::json;
use crate::setting::catalogue;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A setting's key, or the last part of it where that is unique
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let (key, setting) = catalogue::resolve(&args.name).map_err(|nearest| {
        let message = format!("there is no setting `{}`", args.name);
        CliError::unknown_setting(ErrorKind::Refused, message, &nearest)
    })?;
    Context::report(|out| match context.format {
        Format::Human => human::explain(out, &key, setting),
        Format::Json => json::explain(out, &key, setting),
    })?;
    Ok(0)
}
