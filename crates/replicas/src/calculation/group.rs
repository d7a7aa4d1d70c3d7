//! Which pods count (`groupPods`).

use std::time::Duration;

use concertina_model::Timestamp;

use crate::api;
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

/// What samples are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A custom metric of pods.
    Pods,
    /// The CPU resource, the only one for which upstream looks at readiness.
    Cpu,
    /// Another resource.
    Other,
}

impl Source {
    pub(super) fn of(resource: &str) -> Self {
        if resource == "cpu" {
            Self::Cpu
        } else {
            Self::Other
        }
    }
}

/// When a sample says something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readiness {
    pub(super) cpu_initialization_period: Duration,
    pub(super) initial_readiness_delay: Duration,
    pub(super) now: Timestamp,
    pub(super) left_out: Option<api::Readiness>,
}

impl Readiness {
    /// The group of a pod.
    #[inline]
    pub(super) fn group(&self, pod: &Pod, sample: Option<&PodSample>, source: Source) -> Group {
        if pod.deleted || pod.phase == PodPhase::Failed {
            return Group::Ignored;
        }
        if source == Source::Pods
            && self
                .left_out
                .is_some_and(|rules| self.leaves_out(rules, pod))
        {
            return Group::Ignored;
        }
        if pod.phase == PodPhase::Pending {
            return Group::Unready;
        }
        match sample {
            None => Group::Missing,
            Some(sample) if source == Source::Cpu && self.says_nothing(pod, sample) => {
                Group::Unready
            }
            Some(_) => Group::Ready,
        }
    }

    fn leaves_out(&self, rules: api::Readiness, pod: &Pod) -> bool {
        let started = pod.started.filter(|_| pod.phase != PodPhase::Pending);
        let young = rules.min_age_seconds.is_some()
            && started.is_none_or(|at| at.saturating_add(rules.min_age()) > self.now);
        let ready = pod
            .ready
            .is_some_and(|ready| ready.status == ConditionStatus::True);
        young || (rules.ready_only && !ready)
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
