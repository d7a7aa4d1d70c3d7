//! What an autoscaler reports of itself: the `status` of a HorizontalPodAutoscaler.

mod condition;

use concertina_model::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

pub use condition::{Condition, ConditionStatus, ConditionType};

/// The status of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The scale's `spec.replicas` at the last look.
    pub current_replicas: i32,
    /// What was wanted then.
    pub desired_replicas: i32,
    /// When the count was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_scale_time: Option<Timestamp>,
    /// The conditions, in the order in which they were first set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The current values, in the order of the policy's metrics; None for one that could not be
    /// used. None instead of a list when metrics were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_metrics: Option<Vec<Option<MetricValue>>>,
}

/// A metric's current value: the fields that its target has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricValue {
    /// The value of the whole metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
    /// The value by the number of pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Quantity>,
    /// Percent of what the pods request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_utilization: Option<i32>,
}

impl Status {
    /// A condition, if it was ever set.
    #[must_use]
    pub fn condition(&self, kind: &ConditionType) -> Option<&Condition> {
        self.conditions.iter().find(|known| known.kind == *kind)
    }

    /// Sets a condition. The time of its last transition changes only with its status; a new one
    /// comes last.
    pub(crate) fn set(&mut self, new: Condition) {
        match self.conditions.iter_mut().find(|old| old.kind == new.kind) {
            Some(old) => {
                let since = if old.status == new.status {
                    old.last_transition
                } else {
                    new.last_transition
                };
                *old = new;
                old.last_transition = since;
            }
            None => self.conditions.push(new),
        }
    }

    pub(crate) fn remove(&mut self, kind: &ConditionType) {
        self.conditions.retain(|condition| condition.kind != *kind);
    }
}
