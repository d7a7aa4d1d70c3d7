//! Whether the loop did what it claims: every decision again, in exact arithmetic and by other
//! code than the autoscaler's.

use std::ops::RangeInclusive;

use concertina_autoscaler::Report;
use concertina_model::Timestamp;
use concertina_replicas::api::HpaScalingRules;
use concertina_replicas::{Pod, PodPhase, Policy, Reading, ReconcileError, Step};
use num_rational::Ratio;

use super::outcome::limiter;
use super::rest::WINDOW;

/// How many wrong decisions are told of.
const TOLD: usize = 3;

/// What was seen of all decisions so far.
#[derive(Debug)]
pub(super) struct Verdict {
    policy: Policy,
    wishes: Vec<(i128, Timestamp)>,
    expected: Option<i128>,
    wrong: Vec<String>,
    checked: usize,
    /// Whether a metric was ever read.
    known: bool,
    /// Decisions without a metric after the first one with it.
    blind: usize,
    pub(super) highest: i32,
    /// The highest count that the metrics asked for.
    pub(super) wanted: i128,
    /// What kept the count below that.
    pub(super) limiter: Option<String>,
}

impl Verdict {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            policy: policy.clone(),
            wishes: Vec::new(),
            expected: None,
            wrong: Vec::new(),
            checked: 0,
            known: false,
            blind: 0,
            highest: 0,
            wanted: 0,
            limiter: None,
        }
    }

    /// How many decisions were checked.
    pub(super) fn checked(&self) -> usize {
        self.checked
    }

    /// What was wrong.
    pub(super) fn wrong(&self) -> Vec<String> {
        let mut wrong: Vec<String> = self.wrong.iter().take(TOLD).cloned().collect();
        if let Some(more) = self.wrong.len().checked_sub(TOLD).filter(|more| *more > 0) {
            wrong.push(format!("and {more} more like these"));
        }
        if !self.known {
            wrong.push("the autoscaler never read a metric".to_owned());
        }
        if self.blind > 0 {
            wrong.push(format!(
                "{} of {} decisions were made without the metric, which had been there",
                self.blind, self.checked
            ));
        }
        wrong
    }

    /// Whether decisions were made without a metric.
    pub(super) fn missed(&self) -> bool {
        self.blind > 0 || !self.known
    }

    /// Notes something else that was wrong.
    pub(super) fn note(&mut self, wrong: String) {
        self.wrong.push(wrong);
    }

    /// Checks one decision against the formula
    /// `ceil(pods × value ÷ target)`, tolerance, stabilization, limits, and the scale that was
    /// read against the decision before. Of a policy with `behavior`, whose windows and policies
    /// look back at past scale events, the formula and the bounds are checked.
    pub(super) fn check(&mut self, report: &Report) {
        self.checked += 1;
        let Some(scale) = report.scale() else {
            return;
        };
        let current = i128::from(scale.spec_replicas);
        self.highest = self.highest.max(report.decision.desired_replicas);
        if let Some(expected) = self.expected.filter(|expected| *expected != current) {
            self.wrong.push(format!(
                "{}: {expected} replicas were set, {current} are there",
                report.at
            ));
        }
        if self.wishes.is_empty() {
            self.wishes.push((current, report.at));
        }
        let wish = self.wish(report, current);
        let decided = i128::from(report.decision.desired_replicas);
        let (min, max) = self.bounds();
        let right = match wish {
            None => {
                self.blind += usize::from(self.known);
                current
            }
            Some(wish) => {
                self.known = true;
                if wish >= self.wanted && wish > decided {
                    self.limiter = limiter(&self.policy, report);
                }
                self.wanted = self.wanted.max(wish);
                self.wishes.push((wish, report.at));
                let oldest = report.at.saturating_sub(WINDOW);
                let recent = self.wishes.iter().filter(|(_, at)| *at >= oldest);
                let highest = recent.map(|(wish, _)| *wish).max().unwrap_or(wish);
                let growth = (2 * current).max(4);
                highest.min(growth.min(max)).max(min)
            }
        };
        let proposed = proposed(report);
        let agrees = match &self.policy.spec.behavior {
            None => decided == right,
            Some(_) => proposed == wish && (min..=max).contains(&decided),
        };
        if !agrees {
            let why = report.decision.explanation.summary();
            self.wrong.push(format!(
                "{}: decided {decided}, {right} is right ({why})",
                report.at
            ));
        }
        self.expected = match report.decision.error {
            Some(ReconcileError::Rescale { .. }) => None,
            _ => Some(decided),
        };
    }

    fn bounds(&self) -> (i128, i128) {
        let spec = &self.policy.spec;
        (
            i128::from(spec.min_replicas()),
            i128::from(spec.max_replicas),
        )
    }

    /// The count that the metrics ask for, None when they ask for nothing.
    fn wish(&self, report: &Report, current: i128) -> Option<i128> {
        let mut wishes = Vec::new();
        let pods = report.observation.pods.as_ref().ok()?;
        let near = near(&self.policy);
        let metrics = &self.policy.spec.metrics;
        for (metric, reading) in metrics.iter().zip(&report.observation.metrics) {
            let target = metric.target()?.average_value?.milli_value();
            let Ok(Reading::Pods(samples)) = reading else {
                return None;
            };
            let alive = pods.iter().filter(|pod| !pod.deleted);
            let mut counted = Counted::default();
            for pod in alive {
                counted.add(pod, samples.get(&pod.name).map(|sample| sample.milli));
            }
            if counted.with == 0 {
                return None;
            }
            wishes.push(counted.wish(i128::from(target), current, &near));
        }
        wishes.into_iter().max()
    }
}

/// What the decision says that the metrics ask for.
fn proposed(report: &Report) -> Option<i128> {
    let steps = report.decision.explanation.steps.iter();
    let proposals = steps.filter_map(|step| match step {
        Step::Metric { calculation, .. } => Some(i128::from(calculation.replicas())),
        _ => None,
    });
    proposals.max()
}

/// The ratios at which nothing is done.
fn near(policy: &Policy) -> RangeInclusive<Ratio<i128>> {
    let rules = policy.spec.behavior.as_ref();
    let tolerance = |rules: Option<&HpaScalingRules>| {
        let own = rules.and_then(|rules| rules.tolerance);
        own.map_or(Ratio::new(1, 10), |own| {
            Ratio::new(i128::from(own.milli_value()), 1000)
        })
    };
    let one = Ratio::from_integer(1);
    let down = tolerance(rules.and_then(|rules| rules.scale_down.as_ref()));
    let up = tolerance(rules.and_then(|rules| rules.scale_up.as_ref()));
    one - down..=one + up
}

/// One metric's samples, summed.
#[derive(Debug, Default)]
struct Counted {
    sum: i128,
    with: i128,
    missing: i128,
    pending: i128,
}

impl Counted {
    fn add(&mut self, pod: &Pod, sample: Option<i64>) {
        match (pod.phase, sample) {
            (PodPhase::Pending, _) => self.pending += 1,
            (_, Some(milli)) => {
                self.sum += i128::from(milli);
                self.with += 1;
            }
            (_, None) => self.missing += 1,
        }
    }

    /// Missing pods count at the target when that argues against scaling in, and as zero, like
    /// those not started, when that argues against scaling out.
    fn wish(&self, target: i128, current: i128, near: &RangeInclusive<Ratio<i128>>) -> i128 {
        let one = Ratio::from_integer(1);
        // Milli-units are whole: Kubernetes cuts the average.
        let ratio = |sum: i128, count: i128| Ratio::new(sum / count, target);
        let count = |ratio: Ratio<i128>, pods: i128| (ratio * pods).ceil().to_integer();
        let first = ratio(self.sum, self.with);
        let grows = first > one;
        if self.missing == 0 && !(grows && self.pending > 0) {
            return if near.contains(&first) {
                current
            } else {
                count(first, self.with)
            };
        }
        let (sum, pods) = if first < one {
            (self.sum + self.missing * target, self.with + self.missing)
        } else if grows {
            (self.sum, self.with + self.missing + self.pending)
        } else {
            (self.sum, self.with)
        };
        let second = ratio(sum, pods);
        let wanted = count(second, pods);
        let turned = (first < one && second > one) || (grows && second < one);
        let backward = (second < one && wanted > current) || (second > one && wanted < current);
        if near.contains(&second) || turned || backward {
            current
        } else {
            wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, near};
    use concertina_replicas::Policy;

    fn wish(sum: i128, with: i128, missing: i128, current: i128) -> i128 {
        let counted = Counted {
            sum,
            with,
            missing,
            pending: 0,
        };
        counted.wish(20_000, current, &near(&Policy::default()))
    }

    #[test]
    fn the_walkthroughs_numbers() {
        assert_eq!(wish(23_000, 1, 0, 1), 2);
        assert_eq!(wish(22_000, 1, 0, 1), 1);
        assert_eq!(wish(23_000, 2, 0, 2), 2);
        assert_eq!(wish(0, 2, 0, 2), 0);
        // One pod of two loads its model: it counts as idle, and nothing changes.
        assert_eq!(wish(23_000, 1, 1, 2), 2);
    }
}
