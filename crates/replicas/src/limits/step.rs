//! What stabilization and limits did, as data.

use concertina_model::Timestamp;
use serde::Serialize;

use crate::history::Recommendation;

/// The count after stabilization and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Normalized {
    /// The count before.
    pub current: i32,
    /// What recent recommendations changed.
    pub stabilization: Stabilization,
    /// What limits changed after that.
    pub limit: Limit,
}

/// Whether recent recommendations hold the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stabilized {
    /// They do not.
    No,
    /// The metrics ask for as much as there is, or more, and lower recommendations count.
    Up,
    /// The metrics ask for less, and higher recommendations count.
    Down,
}

impl Stabilized {
    /// The reason of the condition `AbleToScale`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::No => "ReadyForNewScale",
            Self::Up => "ScaleUpStabilized",
            Self::Down => "ScaleDownStabilized",
        }
    }

    /// The message of the condition `AbleToScale`.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::No => "recommended size matches current size",
            Self::Up => {
                "recent recommendations were lower than current one, applying the lowest recent \
                 recommendation"
            }
            Self::Down => {
                "recent recommendations were higher than current one, applying the highest recent \
                 recommendation"
            }
        }
    }
}

/// What recent recommendations made of what the metrics ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stabilization {
    /// What the metrics ask for.
    pub wanted: i32,
    /// The count afterwards.
    pub replicas: i32,
    /// Whether something changed.
    pub outcome: Stabilized,
    /// The recent recommendation that holds the count, the latest of several; None when nothing
    /// changed.
    pub by: Option<Recommendation>,
    /// The window that was looked back over: that of the direction that the metrics ask for.
    pub window_seconds: u64,
    /// When this was decided.
    pub now: Timestamp,
}

/// What holds a count back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitedBy {
    /// Nothing does.
    Nothing,
    /// `minReplicas`.
    Min,
    /// `maxReplicas`.
    Max,
    /// How fast it may grow.
    ScaleUp,
    /// How fast it may shrink.
    ScaleDown,
}

impl LimitedBy {
    /// The reason of the condition `ScalingLimited`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Nothing => "DesiredWithinRange",
            Self::Min => "TooFewReplicas",
            Self::Max => "TooManyReplicas",
            Self::ScaleUp => "ScaleUpLimit",
            Self::ScaleDown => "ScaleDownLimit",
        }
    }

    /// The message of the condition `ScalingLimited`.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Nothing => "the desired count is within the acceptable range",
            Self::Min => "the desired replica count is less than the minimum replica count",
            Self::Max => "the desired replica count is more than the maximum replica count",
            Self::ScaleUp => {
                "the desired replica count is increasing faster than the maximum scale rate"
            }
            Self::ScaleDown => {
                "the desired replica count is decreasing faster than the maximum scale rate"
            }
        }
    }
}

/// What limits made of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// The stabilized count.
    pub wanted: i32,
    /// The count afterwards.
    pub replicas: i32,
    /// What held it back.
    pub by: LimitedBy,
    /// `minReplicas`.
    pub min_replicas: i32,
    /// `maxReplicas`.
    pub max_replicas: i32,
    /// How far the count may go at once in the direction it is asked to, whether or not that made
    /// the difference; None with `behavior` when the count is asked to stay, and without `behavior`
    /// on the way down, which is not limited.
    pub rate: Option<i32>,
    /// The policy of `behavior` that decides `rate`; None when the direction is disabled or has no
    /// policy.
    pub policy: Option<PolicyLimit>,
}

/// What one policy of a `behavior` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyLimit {
    /// Whether its value counts percent or pods.
    pub percent: bool,
    /// How much may change.
    pub value: i32,
    /// Within how long, in seconds.
    pub period_seconds: i32,
    /// The count at the start of the period.
    pub period_start: i32,
    /// The count that this allows.
    pub replicas: i32,
}
