//! What was decided.

use crate::explain::Explanation;
use crate::history::{History, ScaleEvent};
use crate::status::{Condition, ConditionType, Status};
use concertina_model::Timestamp;

/// What was decided, and why.
///
/// Everything in it is as it is when both writes that follow succeed: that of the scale, when
/// there is a [`Rescale`], and then that of the status. When one fails, [`Decision::scale_refused`]
/// and [`Decision::status_refused`] correct the decision and its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The count that is wanted now. When the scale could not be read, the last one that was, or 0.
    pub desired_replicas: i32,
    /// The write that follows; None when nothing changes.
    pub rescale: Option<Rescale>,
    /// The status to write.
    pub status: Status,
    /// False when the status is the one before, so that there is no need to write it.
    pub status_changed: bool,
    /// What is worth an event, in order.
    pub events: Vec<Event>,
    /// What went wrong. There may be a rescale nevertheless: a metric that cannot be used does not
    /// keep others from scaling out.
    pub error: Option<ReconcileError>,
    /// Every step with its numbers.
    pub explanation: Explanation,
    /// What holds when a write fails.
    pub(crate) otherwise: Otherwise,
}

/// A change of the count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescale {
    /// The new count.
    pub replicas: i32,
    /// The reason as kube-controller-manager's event words it; may be empty, when stabilization or
    /// limits move the count and not a metric.
    pub reason: String,
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// It is as it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

impl EventType {
    /// The word as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// How much it matters.
    pub kind: EventType,
    /// Why, in one word.
    pub reason: &'static str,
    /// Why, for people.
    pub message: String,
}

impl Event {
    pub(crate) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: EventType::Warning,
            reason,
            message: message.into(),
        }
    }
}

/// What keeps metrics from giving a count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The scale has no selector.
    #[error("selector is required")]
    NoSelector,
    /// The scale's selector is none.
    #[error("couldn't convert selector into a corresponding internal selector object: {0}")]
    Selector(String),
    /// Some or all metrics cannot be used.
    #[error("invalid metrics ({invalid} invalid out of {of}), first error is: {first}")]
    Invalid {
        /// How many cannot be used.
        invalid: usize,
        /// Of how many.
        of: usize,
        /// What is wrong with the first of them.
        first: String,
    },
}

/// What went wrong in a reconcile, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// The scale could not be read.
    #[error("failed to query scale subresource for {target}: {reason}")]
    Scale {
        /// `KIND/NAMESPACE/NAME`.
        target: String,
        /// Why not.
        reason: String,
    },
    /// No count could be calculated.
    #[error(
        "failed to compute desired number of replicas based on listed metrics for {target}: {error}"
    )]
    Metrics {
        /// `KIND/NAMESPACE/NAME`.
        target: String,
        /// Why not.
        error: MetricsError,
    },
    /// A count could be calculated, although some metrics cannot be used.
    #[error("{0}")]
    SomeMetrics(MetricsError),
    /// The scale could not be written.
    #[error("failed to rescale {target}: {reason}")]
    Rescale {
        /// `KIND/NAMESPACE/NAME`.
        target: String,
        /// Why not.
        reason: String,
    },
    /// The status could not be written.
    #[error("failed to update status for {name}: {reason}")]
    Status {
        /// The autoscaler.
        name: String,
        /// Why not.
        reason: String,
    },
}

/// What holds when a write fails.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Otherwise {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) now: Timestamp,
    /// The status before this decision.
    pub(crate) before: Status,
    /// The status and the events without the rescale.
    pub(crate) unscaled: Option<Box<Unscaled>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unscaled {
    pub(crate) status: Status,
    pub(crate) scale_up_events: Vec<ScaleEvent>,
    pub(crate) scale_down_events: Vec<ScaleEvent>,
}

impl Decision {
    /// The scale could not be written: the count stays, no scale event is noted, and status,
    /// events and error say so. The recommendation stays noted.
    pub fn scale_refused(&mut self, history: &mut History, why: &str) {
        let (Some(unscaled), Some(rescale)) = (self.otherwise.unscaled.take(), self.rescale.take())
        else {
            return;
        };
        let (replicas, reason) = (rescale.replicas, &rescale.reason);
        self.events
            .retain(|event| event.reason != "SuccessfulRescale");
        self.events.push(Event::warning(
            "FailedRescale",
            format!("New size: {replicas}; reason: {reason}; error: {why}"),
        ));
        self.status = unscaled.status;
        self.status.set(Condition::new(
            ConditionType::AbleToScale,
            false,
            "FailedUpdateScale",
            format!("the HPA controller was unable to update the target scale: {why}"),
            self.otherwise.now,
        ));
        self.status_changed = self.status != self.otherwise.before;
        self.desired_replicas = self.explanation.current;
        self.explanation.desired = self.explanation.current;
        self.error = Some(ReconcileError::Rescale {
            target: self.otherwise.target.clone(),
            reason: why.to_owned(),
        });
        history.scale_up_events = unscaled.scale_up_events;
        history.scale_down_events = unscaled.scale_down_events;
        history.status = self.status.clone();
    }

    /// The status could not be written: the one before stays. What the history holds of
    /// recommendations and scale events stays noted.
    pub fn status_refused(&mut self, history: &mut History, why: &str) {
        let failed = Event::warning("FailedUpdateStatus", why);
        let last = self.events.len().saturating_sub(1);
        match self.events.get(last).map(|event| event.reason) {
            // The status is written before this one.
            Some("FailedComputeMetricsReplicas") => self.events.insert(last, failed),
            _ => self.events.push(failed),
        }
        self.status = self.otherwise.before.clone();
        self.status_changed = false;
        history.status = self.status.clone();
        // What stopped the reconcile is told before this.
        if matches!(self.error, None | Some(ReconcileError::SomeMetrics(_))) {
            self.error = Some(ReconcileError::Status {
                name: self.otherwise.name.clone(),
                reason: why.to_owned(),
            });
        }
    }
}
