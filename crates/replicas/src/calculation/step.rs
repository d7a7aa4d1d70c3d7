//! How a count was calculated, as data.

use serde::Serialize;

use crate::options::Tolerance;

/// How a metric became a count. Its text (`Display`) is one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "of")]
#[non_exhaustive]
pub enum Calculation {
    /// From samples of pods.
    Pods(PodsCalculation),
    /// From one number.
    Total(TotalCalculation),
}

impl Calculation {
    /// The count that was proposed.
    #[must_use]
    pub fn replicas(&self) -> i32 {
        match self {
            Self::Pods(pods) => pods.replicas,
            Self::Total(total) => total.replicas,
        }
    }

    /// How many running pods have no sample.
    #[must_use]
    pub fn missing(&self) -> usize {
        match self {
            Self::Pods(pods) => pods.missing.count,
            Self::Total(_) => 0,
        }
    }

    /// Value by target, as it was first calculated.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        match self {
            Self::Pods(pods) => pods.ratio,
            Self::Total(total) => total.ratio,
        }
    }
}

/// What a value and its target are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Thousandths of the metric's unit.
    Milli,
    /// Percent of what is requested.
    Percent,
}

/// What a ratio led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is within the tolerance: the current count stays.
    Within,
    /// The count follows it.
    Scaled,
    /// Once pods without a sample were counted it changed sides: the current count stays.
    Turned,
    /// The count would have moved against the ratio, because fewer or more pods were counted than
    /// there are replicas: the current count stays.
    Backward,
}

/// A number of pods, and the names of the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// How many there are.
    pub count: usize,
    /// The names of the first, at most [`Names::MOST`].
    pub first: Vec<String>,
}

impl Names {
    /// How many names are kept.
    pub const MOST: usize = 8;

    pub(crate) fn add(&mut self, name: &str) {
        if self.first.len() < Self::MOST {
            self.first.push(name.to_owned());
        }
        self.count += 1;
    }
}

/// How samples of pods became a count.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodsCalculation {
    /// What `value` and `target` are counted in.
    pub unit: Unit,
    /// The average, or the utilization, of what was counted at first.
    pub value: i64,
    /// The target.
    pub target: i64,
    /// Value by target.
    pub ratio: f64,
    /// By how much the ratio may differ from 1.
    pub tolerance: Tolerance,
    /// How many samples were counted. Those of unknown pods are among them.
    pub counted: usize,
    /// How many pods of the target have a sample that counts.
    pub ready: usize,
    /// Running pods without a sample.
    pub missing: Names,
    /// Pods that have not started, or whose CPU sample says nothing yet.
    pub unready: Names,
    /// How many pods failed or are terminating.
    pub ignored: usize,
    /// What was calculated with missing and unready pods; None when there are none, or when they
    /// make no difference.
    pub second: Option<SecondPass>,
    /// What the last ratio led to.
    pub outcome: Outcome,
    /// The count.
    pub replicas: i32,
}

/// The calculation with missing and unready pods.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecondPass {
    /// What a missing pod was assumed to use, in the unit of the target; None when missing pods
    /// were left out, because the ratio was exactly 1.
    pub assumed: Option<i64>,
    /// Whether unready pods were counted as idle.
    pub with_unready: bool,
    /// How many were counted now.
    pub counted: usize,
    /// Value by target with them.
    pub ratio: f64,
}

/// How one number became a count.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotalCalculation {
    /// The number, in thousandths.
    pub value: i64,
    /// The target, in thousandths.
    pub target: i64,
    /// The replicas that the target is multiplied by, when it is one for each replica.
    pub status_replicas: Option<i32>,
    /// Value by target; by the target of a single replica when there are none.
    pub ratio: f64,
    /// By how much the ratio may differ from 1; None from zero replicas, where it may not.
    pub tolerance: Option<Tolerance>,
    /// The ready pods that the ratio was multiplied by; None where none were looked at.
    pub ready: Option<usize>,
    /// What the ratio led to.
    pub outcome: Outcome,
    /// The count.
    pub replicas: i32,
}
