//! Exceptions: what differs and does not count, because somebody has decided so for a while.

use crate::advise::Report;
use crate::advise::Status;
use crate::profile::Date;
use crate::profile::Exception;

/// Takes out what is excepted on this day: it is shown, and neither counted nor changed. An exception whose last day
/// is over is told where it would have held.
pub fn except(report: &mut Report<'_>, exceptions: &[Exception], today: Date) {
    for finding in report.findings.iter_mut().filter(|finding| !finding.status.is_met()) {
        let about = exceptions.iter().filter(|exception| exception.key == finding.rule.rule.key);
        let Some(exception) = about.max_by_key(|exception| exception.until) else { continue };
        let (until, why) = (exception.until, &exception.reason);
        let differs = finding.reason.take();
        if exception.until < today {
            let over = format!("its exception ended on {until}");
            finding.reason =
                Some(differs.map_or_else(|| over.clone(), |differs| format!("{differs}; {over}")));
        } else {
            finding.status = Status::Excepted;
            finding.reason = Some(format!("excepted until {until}: {why}"));
            (finding.proposed, finding.proposed_boot) = (None, None);
        }
    }
}
