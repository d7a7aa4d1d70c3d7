//! Why a decision came out as it did: every step with its numbers, as data and as text.

pub(crate) mod number;
mod text;

use serde::Serialize;

use crate::calculation::Calculation;
use crate::limits::{Limit, LimitedBy, Stabilization, Stabilized};

/// One step of a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "step")]
#[non_exhaustive]
pub enum Step {
    /// The scale could not be read, so nothing can be decided.
    #[serde(rename_all = "camelCase")]
    NoScale {
        /// Why not.
        reason: String,
    },
    /// The scale has no selector that could be used, so its pods are unknown.
    #[serde(rename_all = "camelCase")]
    NoSelector {
        /// Why not.
        reason: String,
    },
    /// The workload is scaled to zero, which switches autoscaling off.
    Disabled,
    /// The count lies outside minimum and maximum, before any metric is looked at.
    #[serde(rename_all = "camelCase")]
    OutOfBounds {
        /// The current count.
        current: i32,
        /// The bound that it is set to.
        bound: i32,
    },
    /// A metric was compared with its target.
    #[serde(rename_all = "camelCase")]
    Metric {
        /// The metric.
        name: String,
        /// The numbers.
        calculation: Calculation,
    },
    /// A metric could not be used.
    #[serde(rename_all = "camelCase")]
    NoMetric {
        /// The metric.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A count takes the place of a metric that is missing ([`OnMissing`](crate::api::OnMissing)).
    #[serde(rename_all = "camelCase")]
    Substituted {
        /// The metric.
        name: String,
        /// The count.
        replicas: i32,
        /// How long ago the metric asked for it, in seconds; None when the policy names it.
        seconds_ago: Option<u64>,
    },
    /// The count does not fall, because a metric is missing, for some pod at least.
    #[serde(rename_all = "camelCase")]
    Held {
        /// What was wanted.
        wanted: i32,
        /// The count that stays.
        replicas: i32,
    },
    /// The activation metric decides on zero replicas ([`Activation`](crate::api::Activation)).
    #[serde(rename_all = "camelCase")]
    Activation {
        /// The metric.
        name: String,
        /// Its value in thousandths; None when it is missing.
        value: Option<i64>,
        /// Its threshold in thousandths.
        threshold: i64,
        /// How long it has to be below it, in seconds.
        cooldown_seconds: u64,
        /// Whether it was below it all that time.
        idle: bool,
        /// The count that follows.
        replicas: i32,
    },
    /// One decision may not change as much ([`MaxChange`](crate::api::MaxChange)).
    #[serde(rename_all = "camelCase")]
    Capped {
        /// What was wanted.
        wanted: i32,
        /// The count that is allowed.
        replicas: i32,
    },
    /// The highest of several proposals counts.
    #[serde(rename_all = "camelCase")]
    Highest {
        /// The metric that asks for it.
        name: String,
        /// The count.
        replicas: i32,
        /// How many metrics could be used.
        of: usize,
    },
    /// Nothing is done, because metrics are missing.
    #[serde(rename_all = "camelCase")]
    Kept {
        /// How many metrics could not be used.
        invalid: usize,
        /// Of how many.
        of: usize,
        /// The count that stays.
        replicas: i32,
    },
    /// Recent recommendations were looked at, and may hold the count.
    Stabilized(Stabilization),
    /// The limits were looked at, and may hold the count.
    #[serde(rename_all = "camelCase")]
    Limited {
        /// The count before.
        current: i32,
        /// The limits, and which of them made the difference.
        limit: Limit,
    },
    /// From zero replicas the minimum is the least.
    #[serde(rename_all = "camelCase")]
    FromZero {
        /// What was wanted.
        wanted: i32,
        /// The minimum.
        min: i32,
    },
}

impl Step {
    /// Whether it is worth a word in a summary: not stabilization and limits that let the count pass.
    #[must_use]
    pub fn matters(&self) -> bool {
        match self {
            Self::Stabilized(held) => held.outcome != Stabilized::No,
            Self::Limited { limit, .. } => limit.by != LimitedBy::Nothing,
            _ => true,
        }
    }
}

/// All steps of a decision, in order, and what they led to.
///
/// Its text has a line for each step and one for the result; [`Self::summary`] has the steps that
/// matter on one line.
///
/// ```
/// use concertina_replicas::{Explanation, Step};
///
/// /// How far the busiest metric is from its target, for a dashboard.
/// fn highest_ratio(explanation: &Explanation) -> Option<f64> {
///     let ratios = explanation.steps.iter().filter_map(|step| match step {
///         Step::Metric { calculation, .. } => Some(calculation.ratio()),
///         _ => None,
///     });
///     ratios.max_by(f64::total_cmp)
/// }
/// # use concertina_model::Timestamp;
/// # use concertina_replicas::calculation::Calculator;
/// # use concertina_replicas::{Options, Pod, PodSample, PodSamples};
/// # let (options, pods) = (Options::default(), [Pod { name: "a".to_owned(), ..Pod::default() }]);
/// # let calculator = Calculator {
/// #     current_replicas: 1,
/// #     ..Calculator::new(&options, &pods, Timestamp::EPOCH)
/// # };
/// # let samples = PodSamples::from_iter([PodSample::new("a", 23_000)]);
/// # let calculation = calculator.pods_average_value(&samples, 20_000).unwrap().calculation;
/// # let name = "util".to_owned();
/// # let steps = vec![Step::Metric { name, calculation }];
/// # let explanation = Explanation { steps, current: 1, desired: 2 };
/// assert_eq!(
///     explanation.to_string(),
///     "util: 23 ÷ 20 = 1.15 > 1.10 → ceil(1.15 × 1) = 2\nscales from 1 to 2",
/// );
/// assert_eq!(highest_ratio(&explanation), Some(1.15));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The steps.
    pub steps: Vec<Step>,
    /// The count before.
    pub current: i32,
    /// The count that is wanted.
    pub desired: i32,
}

impl Explanation {
    /// The steps that matter, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let matter = self.steps.iter().filter(|step| step.matters());
        let steps: Vec<String> = matter.map(Step::to_string).collect();
        steps.join("; ")
    }
}
