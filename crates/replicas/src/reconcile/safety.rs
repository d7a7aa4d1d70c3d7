//! What a policy asks for beyond Kubernetes ([`Safety`](crate::api::Safety), which has the order of
//! precedence).

use concertina_model::Timestamp;

use super::{Outcome, Pass};
use crate::api::{Activation, MetricSpec, OnMissing};
use crate::calculation::sum;
use crate::decision::Rescale;
use crate::explain::Step;
use crate::history::LastGood;
use crate::observation::{Reading, Scale};
use crate::status::{ConditionStatus, ConditionType};

/// What takes the place of a metric that is missing.
pub(super) enum Substitute {
    /// Nothing: the count does not fall.
    Nothing,
    /// A count.
    Count {
        replicas: i32,
        /// When the metric asked for it; None when the policy names it.
        asked: Option<Timestamp>,
    },
}

/// What the activation metric says.
enum Activity {
    /// At the threshold or above.
    Active,
    /// Below it, but not for the whole cool-down.
    Cooling,
    /// Below it for the whole cool-down.
    Idle,
    /// Nothing.
    Missing,
}

impl Pass<'_> {
    /// What takes the place of a missing metric.
    pub(super) fn substitute(&self, spec: &MetricSpec) -> Substitute {
        match self.policy.safety.on_missing {
            OnMissing::Replicas { replicas } => Substitute::Count {
                replicas,
                asked: None,
            },
            OnMissing::LastGood { max_age_seconds } => {
                let known = self.history.last_good.iter();
                let last = known.filter(|last| last.metric == *spec).find(|last| {
                    let age = self.now.saturating_duration_since(last.at).as_millis();
                    age <= u128::from(max_age_seconds.max(0).unsigned_abs()) * 1000
                });
                match last {
                    Some(last) => Substitute::Count {
                        replicas: last.replicas,
                        asked: Some(last.at),
                    },
                    None => Substitute::Nothing,
                }
            }
            _ => Substitute::Nothing,
        }
    }

    /// Remembers what a metric asks for, where that is ever needed.
    pub(super) fn remember(&mut self, spec: &MetricSpec, replicas: i32) {
        if !matches!(self.policy.safety.on_missing, OnMissing::LastGood { .. }) {
            return;
        }
        let new = LastGood {
            metric: spec.clone(),
            replicas,
            at: self.now,
        };
        let known = &mut self.history.last_good;
        match known.iter_mut().find(|old| old.metric == new.metric) {
            Some(old) => *old = new,
            None => known.push(new),
        }
    }

    /// Forgets what metrics asked for that are not in the policy any more.
    pub(super) fn forget(&mut self, metrics: &[MetricSpec]) {
        let known = &mut self.history.last_good;
        known.retain(|last| metrics.contains(&last.metric));
    }

    /// The decision of the activation; None when the workload is active and has replicas, so that
    /// its metrics decide.
    pub(super) fn by_activation(
        &mut self,
        activation: &Activation,
        scale: &Scale,
    ) -> Option<Outcome> {
        let (activity, value) = self.activity(activation);
        let current = scale.spec_replicas;
        let threshold = activation.threshold_milli().unwrap_or_default();
        let step = |replicas| Step::Activation {
            name: activation.metric.name().to_owned(),
            value,
            threshold,
            cooldown_seconds: activation.cooldown().as_secs(),
            idle: matches!(activity, Activity::Idle),
            replicas,
        };
        if current == 0 {
            let chosen = self.status.condition(&ConditionType::ScaledToZero);
            let chosen = chosen.is_some_and(|c| c.status == ConditionStatus::True);
            let wanted = match (&activity, self.policy.safety.on_missing) {
                _ if !chosen => 0,
                (Activity::Active, _) => self.awake(scale),
                (Activity::Missing, OnMissing::Replicas { replicas }) => replicas,
                _ => 0,
            };
            let wanted = wanted.min(self.policy.spec.max_replicas);
            if wanted <= 0 {
                if chosen {
                    self.steps.push(step(0));
                }
                return Some(self.disabled());
            }
            self.steps.push(step(wanted));
            let reason = match activity {
                Activity::Active => "Activation metric at or above its threshold",
                _ => "Activation metric missing",
            };
            return Some(self.rescaled(current, wanted, reason));
        }
        if !matches!(activity, Activity::Idle) {
            return None;
        }
        if self.holds(scale) {
            // The metrics decide, as while it is active, and hold the count as well.
            self.steps.push(Step::Held {
                wanted: 0,
                replicas: current,
            });
            return None;
        }
        self.steps.push(step(0));
        Some(self.rescaled(current, 0, "Activation metric below its threshold"))
    }

    fn rescaled(&mut self, current: i32, replicas: i32, reason: &str) -> Outcome {
        let reason = reason.to_owned();
        self.concluded(current, Some(Rescale { replicas, reason }), None, None)
    }

    fn activity(&mut self, activation: &Activation) -> (Activity, Option<i64>) {
        let value = match &self.observation.activation {
            Some(Ok(Reading::Object(milli))) => Some(*milli),
            Some(Ok(Reading::External(values))) => Some(sum(values)),
            _ => None,
        };
        let (Some(milli), Some(threshold)) = (value, activation.threshold_milli()) else {
            self.history.idle_since = None;
            return (Activity::Missing, None);
        };
        if milli >= threshold {
            self.history.idle_since = None;
            return (Activity::Active, value);
        }
        let since = *self.history.idle_since.get_or_insert(self.now);
        // A clock that went back does not count as time that passed.
        let idle = self.now.saturating_duration_since(since) >= activation.cooldown();
        (
            if idle {
                Activity::Idle
            } else {
                Activity::Cooling
            },
            value,
        )
    }

    /// From zero: the minimum, or what the metrics that exist without pods ask for.
    fn awake(&mut self, scale: &Scale) -> i32 {
        let mut replicas = self.min;
        for (index, spec) in self.policy.metrics().iter().enumerate() {
            if !spec.exists_without_pods() {
                continue;
            }
            let measured = self.context(scale).measure(spec, self.reading(index));
            let count = match measured {
                Ok(measured) => measured.proposal.replicas,
                Err(_) => match self.substitute(spec) {
                    Substitute::Count { replicas, .. } => replicas,
                    Substitute::Nothing => 0,
                },
            };
            replicas = replicas.max(count);
        }
        replicas
    }

    /// Whether a missing metric keeps the count from falling even to zero.
    fn holds(&self, scale: &Scale) -> bool {
        let on_missing = self.policy.safety.on_missing;
        if !matches!(on_missing, OnMissing::Hold | OnMissing::LastGood { .. }) {
            return false;
        }
        let context = self.context(scale);
        let metrics = self.policy.metrics();
        metrics.iter().enumerate().any(|(index, spec)| {
            match context.measure(spec, self.reading(index)) {
                Ok(measured) => {
                    on_missing == OnMissing::Hold && measured.proposal.calculation.missing() > 0
                }
                Err(_) => matches!(self.substitute(spec), Substitute::Nothing),
            }
        })
    }

    /// What one decision may change.
    pub(super) fn capped(&mut self, current: i32, rescale: Option<Rescale>) -> Option<Rescale> {
        let (Some(cap), Some(mut rescale)) = (self.policy.safety.max_change, rescale.clone())
        else {
            return rescale;
        };
        let wanted = rescale.replicas;
        rescale.replicas = cap.limit(current, wanted);
        if rescale.replicas != wanted {
            self.steps.push(Step::Capped {
                wanted,
                replicas: rescale.replicas,
            });
        }
        (rescale.replicas != current).then_some(rescale)
    }
}
