//! Which pods count (`groupPods`).

use std::time::Duration;

use concertina_model::Timestamp;

use crate::observation::{Pod, PodPhase, PodSample};
use crate::status::ConditionStatus;

/// What a pod is to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Its sample counts.
    Ready,
    /// It has not started, or its CPU sample says nothing yet.
    Unready,
    /// It runs and has no sample.
    Missing,
    /// It failed or is terminating.
    Ignored,
}

/// When a CPU sample says something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readiness {
    pub(super) cpu_initialization_period: Duration,
    pub(super) initial_readiness_delay: Duration,
    pub(super) now: Timestamp,
}

impl Readiness {
    /// The group of a pod. `cpu` says whether the metric is the CPU resource, the only one for
    /// which readiness is looked at.
    #[inline]
    pub(super) fn group(&self, pod: &Pod, sample: Option<&PodSample>, cpu: bool) -> Group {
        if pod.deleted || pod.phase == PodPhase::Failed {
            return Group::Ignored;
        }
        if pod.phase == PodPhase::Pending {
            return Group::Unready;
        }
        match sample {
            None => Group::Missing,
            Some(sample) if cpu && self.says_nothing(pod, sample) => Group::Unready,
            Some(_) => Group::Ready,
        }
    }

    #[inline]
    fn says_nothing(&self, pod: &Pod, sample: &PodSample) -> bool {
        let (Some(ready), Some(started)) = (pod.ready, pod.started) else {
            return true;
        };
        let not_ready = ready.status == ConditionStatus::False;
        let initializing = started.saturating_add(self.cpu_initialization_period) > self.now;
        if initializing {
            // Not a whole window was measured since the last transition.
            not_ready || sample.timestamp < ready.since.saturating_add(sample.window)
        } else {
            // It was never ready.
            not_ready && started.saturating_add(self.initial_readiness_delay) > ready.since
        }
    }
}
