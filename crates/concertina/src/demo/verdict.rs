//! Whether the loop did what it claims: every decision again, in exact arithmetic and by other
//! code than the autoscaler's.

use std::time::Duration;

use concertina_autoscaler::Report;
use concertina_model::Timestamp;
use concertina_replicas::{HorizontalPodAutoscaler, PodPhase};
use num_rational::Ratio;

/// How long a higher wish holds up a scale-in.
const WINDOW: Duration = Duration::from_secs(300);

/// What was seen of all decisions so far.
#[derive(Debug)]
pub(super) struct Verdict {
    policy: HorizontalPodAutoscaler,
    wishes: Vec<(i128, Timestamp)>,
    expected: Option<i128>,
    wrong: Vec<String>,
    checked: usize,
    pub(super) highest: i32,
}

impl Verdict {
    pub(super) fn new(policy: &HorizontalPodAutoscaler) -> Self {
        Self {
            policy: policy.clone(),
            wishes: Vec::new(),
            expected: None,
            wrong: Vec::new(),
            checked: 0,
            highest: 0,
        }
    }

    /// How many decisions were checked.
    pub(super) fn checked(&self) -> usize {
        self.checked
    }

    /// What was wrong.
    pub(super) fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// Checks one decision against the formula
    /// `ceil(pods × value ÷ target)`, tolerance, stabilization, limits, and the scale that was
    /// read against the decision before.
    pub(super) fn check(&mut self, report: &Report) {
        self.checked += 1;
        let current = i128::from(report.scale.spec_replicas);
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
        let desired = match wish {
            None => current,
            Some(wish) => {
                self.wishes.push((wish, report.at));
                let oldest = report.at.saturating_sub(WINDOW);
                let recent = self.wishes.iter().filter(|(_, at)| *at >= oldest);
                let highest = recent.map(|(wish, _)| *wish).max().unwrap_or(wish);
                let growth = (2 * current).max(4);
                let most = growth.min(i128::from(self.policy.max_replicas));
                highest.min(most).max(i128::from(self.policy.min_replicas))
            }
        };
        let decided = i128::from(report.decision.desired_replicas);
        if decided != desired {
            let why = report.decision.explanation.summary();
            self.wrong.push(format!(
                "{}: decided {decided}, {desired} is right ({why})",
                report.at
            ));
        }
        self.expected = report.not_written.is_none().then_some(decided);
    }

    /// The count that the metrics ask for, None when they ask for nothing.
    fn wish(&self, report: &Report, current: i128) -> Option<i128> {
        let mut wishes = Vec::new();
        for (metric, reading) in self.policy.metrics.iter().zip(&report.observation.metrics) {
            let target = i128::from(metric.target_milli());
            let reading = reading.as_ref().ok()?;
            let alive = report.observation.pods.iter().filter(|pod| !pod.deleted);
            let (mut sum, mut with, mut missing, mut pending) = (0_i128, 0_i128, 0_i128, 0_i128);
            for pod in alive {
                let sample = reading.pods.iter().find(|sample| sample.pod == pod.name);
                match (pod.phase, sample) {
                    (PodPhase::Pending, _) => pending += 1,
                    (_, Some(sample)) => {
                        sum += i128::from(sample.milli);
                        with += 1;
                    }
                    (_, None) => missing += 1,
                }
            }
            if with == 0 {
                return None;
            }
            wishes.push(wish(sum, with, missing, pending, target, current));
        }
        wishes.into_iter().max()
    }
}

/// One metric's wish: missing pods count at the target when that argues against scaling in, and
/// as zero, like those not started, when that argues against scaling out.
fn wish(sum: i128, with: i128, missing: i128, pending: i128, target: i128, current: i128) -> i128 {
    let one = Ratio::from_integer(1);
    // Milli-units are whole: Kubernetes cuts the average.
    let ratio = |sum: i128, count: i128| Ratio::new(sum / count, target);
    let near = |ratio: Ratio<i128>| ratio >= Ratio::new(9, 10) && ratio <= Ratio::new(11, 10);
    let count = |ratio: Ratio<i128>, pods: i128| (ratio * pods).ceil().to_integer();
    let first = ratio(sum, with);
    let grows = first > one;
    if missing == 0 && !(grows && pending > 0) {
        return if near(first) {
            current
        } else {
            count(first, with)
        };
    }
    let (sum, pods) = if first < one {
        (sum + missing * target, with + missing)
    } else if grows {
        (sum, with + missing + pending)
    } else {
        (sum, with)
    };
    let second = ratio(sum, pods);
    let wanted = count(second, pods);
    let turned = (first < one && second > one) || (grows && second < one);
    let backward = (second < one && wanted > current) || (second > one && wanted < current);
    if near(second) || turned || backward {
        current
    } else {
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::wish;

    #[test]
    fn the_walkthroughs_numbers() {
        assert_eq!(wish(23_000, 1, 0, 0, 20_000, 1), 2);
        assert_eq!(wish(22_000, 1, 0, 0, 20_000, 1), 1);
        assert_eq!(wish(23_000, 2, 0, 0, 20_000, 2), 2);
        assert_eq!(wish(0, 2, 0, 0, 20_000, 2), 0);
        // One pod of two loads its model: it counts as idle, and nothing changes.
        assert_eq!(wish(23_000, 1, 1, 0, 20_000, 2), 2);
    }
}
