//! What came of it, in a sentence.

use concertina_autoscaler::Report;
use concertina_replicas::limits::{Limit, LimitedBy, Stabilized};
use concertina_replicas::{Policy, Step};

use super::rest::Course;

/// What a demo that did what it should has shown.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) min: i32,
    /// The highest count that was set.
    pub(super) highest: i32,
    /// The highest count that the metrics asked for.
    pub(super) wanted: i128,
    /// What kept the count below that.
    pub(super) limiter: Option<String>,
    /// The last count, and why it stays; None when the load ended before that.
    pub(super) rest: Option<(i32, Course)>,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { min, highest, .. } = self;
        let held = self.wanted > i128::from(*highest);
        if highest <= min {
            return match held {
                true => self.held(f),
                false => write!(f, "the load never asked for more than {min}: no scale-out"),
            };
        }
        write!(f, "scaled out from {min} to {highest}")?;
        match self.rest {
            Some((last, _)) if last == *min => write!(f, " and in again")?,
            Some((last, course)) => {
                if last < *highest {
                    write!(f, " and in to {last}")?;
                }
                match course {
                    Course::DownIsOff => write!(
                        f,
                        "; it stays at {last}: `scaleDown.selectPolicy` is Disabled"
                    )?,
                    _ => write!(f, "; the metrics keep it at {last} when the load is over")?,
                }
            }
            None => write!(f, "; the load ended before the workload could come to rest")?,
        }
        if held {
            write!(f, "; ")?;
            self.held(f)?;
        }
        Ok(())
    }
}

impl Outcome {
    fn held(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (wanted, highest) = (self.wanted, self.highest);
        match &self.limiter {
            Some(limiter) => write!(f, "the load asked for {wanted}, and {limiter}"),
            None => write!(f, "the load asked for {wanted}, and got {highest}"),
        }
    }
}

/// What kept the count of a decision below what its metrics ask for, as its steps say.
pub(super) fn limiter(policy: &Policy, report: &Report) -> Option<String> {
    let steps = report.decision.explanation.steps.iter();
    let mut told = steps.filter_map(|step| match step {
        Step::Limited { limit, .. } => limited(policy, limit),
        Step::Stabilized(looked) if looked.outcome == Stabilized::Up => Some(format!(
            "the window of `scaleUp`, {} s, kept it at {}",
            looked.window_seconds, looked.replicas
        )),
        Step::Capped { replicas, .. } => Some(format!("`maxChange` kept it at {replicas}")),
        _ => None,
    });
    // The last of them made the count what it is.
    told.next_back()
}

fn limited(policy: &Policy, limit: &Limit) -> Option<String> {
    let kept = limit.replicas;
    match (limit.by, limit.policy, &policy.spec.behavior) {
        (LimitedBy::Max, ..) => Some(format!("the maximum of {kept} kept it there")),
        (LimitedBy::ScaleUp, Some(by), _) => {
            let what = if by.percent { " %" } else { " pods" };
            Some(format!(
                "the policy of `scaleUp`, at most {}{what} in {} s, kept it at {kept}",
                by.value, by.period_seconds
            ))
        }
        (LimitedBy::ScaleUp, None, Some(_)) => Some(format!(
            "`scaleUp.selectPolicy`, which is Disabled, kept it at {kept}"
        )),
        (LimitedBy::ScaleUp, None, None) => {
            Some(format!("how much it may grow at once kept it at {kept}"))
        }
        _ => None,
    }
}
