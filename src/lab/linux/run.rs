//! Starts the cells, waits for them, and ends them all where it has to.

use std::io::Read;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::lab::Comparison;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Finding;
use crate::lab::LabError;
use crate::lab::Measured;
use crate::lab::Progress;
use crate::lab::Verdict;
use crate::lab::Workload;
use crate::lab::system::task;
use crate::lab::system::task::Answer;
use crate::lab::system::task::Figures;
use crate::lab::system::task::Work;

const TICK: Duration = Duration::from_millis(20);

/// What is to be done in one cell.
struct Job {
    name: &'static str,
    seconds: u32,
    course: Course,
    work: Work,
}

/// A cell that runs.
struct Cell {
    at: usize,
    name: &'static str,
    course: Course,
    child: Child,
    deadline: Instant,
}

/// Runs experiments, side by side as far as they do not disturb each other. What they found comes in their order.
///
/// # Errors
/// There can be no namespaces here, or a signal came.
pub fn run(
    chosen: &[&'static Experiment],
    interruption: &dyn Fn() -> Option<String>,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Finding>, LabError> {
    let jobs = chosen.iter().map(|experiment| Job {
        name: experiment.name,
        seconds: experiment.seconds,
        course: experiment.course,
        work: Work::Experiment(experiment.name.into()),
    });
    let answers = work_off(jobs.collect(), interruption, tell)?;
    let findings = chosen.iter().zip(answers).map(|(experiment, answer)| {
        let (verdict, evidence, why) = match answer {
            Ok(Answer::Found { verdict, evidence, why }) => {
                let told =
                    [Verdict::Confirmed, Verdict::Refuted].into_iter().find(|one| one.name() == verdict);
                (told.unwrap_or(Verdict::NotTestable), evidence, why)
            }
            Ok(other) => (Verdict::NotTestable, Vec::new(), format!("no answer to the question: {other:?}")),
            Err(why) => (Verdict::NotTestable, Vec::new(), why),
        };
        Finding { experiment, verdict, evidence, why }
    });
    Ok(findings.collect())
}

/// Measures every load under two sets of values.
///
/// # Errors
/// There can be no namespaces here, a signal came, or a load could not be measured.
pub fn compare(
    before: &[(String, String)],
    after: &[(String, String)],
    interruption: &dyn Fn() -> Option<String>,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Comparison>, LabError> {
    let job = |workload: Workload, settings: &[(String, String)]| Job {
        name: workload.name(),
        seconds: 21,
        course: Course::Works,
        work: Work::Load { workload: workload.name().into(), settings: settings.to_vec() },
    };
    let jobs = Workload::ALL.into_iter().flat_map(|load| [job(load, before), job(load, after)]);
    let mut answers = work_off(jobs.collect(), interruption, tell)?.into_iter().map(measured);
    let mut next = || answers.next().unwrap_or_else(|| Err(failed("no answer".into())));
    Workload::ALL
        .into_iter()
        .map(|workload| {
            let ((before, _), (after, untried)) = (next()?, next()?);
            Ok(Comparison { workload, before, after, untried })
        })
        .collect()
}

fn measured(answer: Result<Answer, String>) -> Result<(Measured, Vec<String>), LabError> {
    match answer {
        Ok(Answer::Measured(figures)) => {
            let Figures { connections, milliseconds, until_failure, .. } = figures;
            let measured = Measured {
                connections,
                milliseconds,
                until_failure,
                rate_until_failure: figures.rate_until_failure,
                sustained_rate: figures.sustained_rate,
                failures: figures.failures,
                time_wait: figures.time_wait,
            };
            Ok((measured, figures.untried))
        }
        Ok(Answer::Forbidden { cause, .. }) => Err(failed(cause)),
        Ok(other) => Err(failed(format!("no answer to the question: {other:?}"))),
        Err(why) => Err(failed(why)),
    }
}

fn failed(why: String) -> LabError {
    LabError::Start(std::io::Error::other(why))
}

/// Works off all jobs; the answers come in their order. When this returns, no cell is left.
fn work_off(
    jobs: Vec<Job>,
    interruption: &dyn Fn() -> Option<String>,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Result<Answer, String>>, LabError> {
    let mut cells = Vec::new();
    let ended =
        probe(&mut cells, interruption).and_then(|()| work_off_in(&mut cells, jobs, interruption, tell));
    for cell in &mut cells {
        // It may have ended by itself.
        let _ = cell.child.kill();
        let _ = cell.child.wait();
    }
    ended
}

/// Sees whether there can be cells at all.
fn probe(cells: &mut Vec<Cell>, interruption: &dyn Fn() -> Option<String>) -> Result<(), LabError> {
    cells.push(begin(0, Job { name: "probe", seconds: 5, course: Course::Waits, work: Work::Probe })?);
    loop {
        match ended(cells).pop() {
            Some((_, Ok(Answer::Possible))) => return Ok(()),
            Some((_, Ok(Answer::Forbidden { cause, hints }))) => {
                return Err(LabError::Forbidden { cause, hints });
            }
            Some((_, other)) => return Err(failed(format!("the first cell answered {other:?}"))),
            None => wait(interruption)?,
        }
    }
}

fn work_off_in(
    cells: &mut Vec<Cell>,
    jobs: Vec<Job>,
    interruption: &dyn Fn() -> Option<String>,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Result<Answer, String>>, LabError> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let begun = Instant::now();
    let mut answers: Vec<Option<Result<Answer, String>>> = jobs.iter().map(|_| None).collect();
    let mut queue: Vec<(usize, Job)> = jobs.into_iter().enumerate().collect();
    while answers.iter().any(Option::is_none) {
        let busy = |cells: &[Cell]| cells.iter().filter(|cell| cell.course == Course::Works).count();
        let mut left = Vec::new();
        for (at, job) in queue {
            if job.course == Course::Works && busy(cells) >= workers {
                left.push((at, job));
            } else {
                cells.push(begin(at, job)?);
            }
        }
        queue = left;
        for (at, answer) in ended(cells) {
            answers[at] = Some(answer);
        }
        let running: Vec<&'static str> = cells.iter().map(|cell| cell.name).collect();
        let done = answers.iter().flatten().count();
        tell(Progress { done, of: answers.len(), running: &running, seconds: begun.elapsed().as_secs() });
        wait(interruption)?;
    }
    Ok(answers.into_iter().flatten().collect())
}

fn wait(interruption: &dyn Fn() -> Option<String>) -> Result<(), LabError> {
    std::thread::sleep(TICK);
    interruption().map_or(Ok(()), |signal| Err(LabError::Interrupted(signal)))
}

fn begin(at: usize, job: Job) -> Result<Cell, LabError> {
    // Far longer than it takes on a busy machine; a hang still ends.
    let deadline = Instant::now() + Duration::from_secs(u64::from(job.seconds) * 3 + 60);
    let child = task::start(job.work, Stdio::null()).map_err(LabError::Start)?;
    Ok(Cell { at, name: job.name, course: job.course, child, deadline })
}

/// The answers of the cells that have ended since; the others remain.
fn ended(cells: &mut Vec<Cell>) -> Vec<(usize, Result<Answer, String>)> {
    let mut answers = Vec::new();
    cells.retain_mut(|cell| {
        let answer = match cell.child.try_wait() {
            Ok(None) if Instant::now() < cell.deadline => return true,
            Ok(None) => {
                let _ = cell.child.kill();
                let _ = cell.child.wait();
                Err("it took far longer than it should, and was ended".into())
            }
            Ok(Some(status)) => {
                let mut text = String::new();
                // What it said fits into a pipe, so it waited for nobody.
                let read = cell.child.stdout.take().map(|mut out| out.read_to_string(&mut text));
                match (read, serde_json::from_str(&text)) {
                    (Some(Ok(_)), Ok(answer)) => Ok(answer),
                    _ => Err(format!("its process broke down ({status})")),
                }
            }
            Err(error) => Err(error.to_string()),
        };
        answers.push((cell.at, answer));
        false
    });
    answers
}
