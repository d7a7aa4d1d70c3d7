//! What all metrics of a policy ask for together.

use concertina_model::LabelSelector;

use super::Pass;
use super::safety::Substitute;
use super::tolerance::tolerance;
use crate::api::{MetricSpec, OnMissing};
use crate::calculation::Calculator;
use crate::decision::{Event, MetricsError};
use crate::explain::Step;
use crate::metrics::{Context, described};
use crate::observation::{Reading, Scale};
use crate::status::{ConditionType, MetricValue};

/// What all metrics together ask for.
pub(super) struct Wanted {
    pub(super) replicas: i32,
    pub(super) metric: String,
    /// Whether that metric is missing and has a count in its place.
    pub(super) missing: bool,
    pub(super) values: Vec<Option<MetricValue>>,
    pub(super) error: Option<MetricsError>,
}

impl<'a> Pass<'a> {
    /// The selector is looked at only when metrics are needed.
    fn check_selector(&mut self, selector: &str) -> Result<(), MetricsError> {
        let (error, event, message) = if selector.is_empty() {
            let message = "the HPA target's scale is missing a selector".to_owned();
            (MetricsError::NoSelector, "SelectorRequired", message)
        } else if let Err(error) = selector.parse::<LabelSelector>() {
            let error = MetricsError::Selector(error.to_string());
            let message = error.to_string();
            (error, "InvalidSelector", message)
        } else {
            return Ok(());
        };
        self.events.push(Event::warning(event, error.to_string()));
        self.set(
            ConditionType::ScalingActive,
            false,
            "InvalidSelector",
            message,
        );
        self.steps.push(Step::NoSelector {
            reason: error.to_string(),
        });
        Err(error)
    }

    /// What metrics are read with.
    pub(super) fn context(&self, scale: &Scale) -> Context<'a> {
        let observation = self.observation;
        Context {
            calculator: Calculator {
                options: self.options,
                tolerance: tolerance(self.policy, self.options),
                left_out: self.policy.safety.readiness,
                pods: observation.pods.as_deref().unwrap_or_default(),
                current_replicas: scale.spec_replicas,
                status_replicas: scale.status_replicas,
                now: self.now,
            },
            pods_unknown: observation.pods.as_ref().err().map(String::as_str),
            namespace: &self.policy.namespace,
        }
    }

    /// A metric's reading, or why there is none.
    pub(super) fn reading(&self, index: usize) -> Result<&'a Reading, &'a str> {
        match self.observation.metrics.get(index) {
            Some(Ok(reading)) => Ok(reading),
            Some(Err(reason)) => Err(reason),
            None => Err("it was not read"),
        }
    }

    /// `computeReplicasForMetrics`: the highest proposal, or what goes wrong with the current
    /// values.
    #[allow(clippy::type_complexity, reason = "used once")]
    pub(super) fn combine(
        &mut self,
        scale: &Scale,
    ) -> Result<Wanted, (MetricsError, Option<Vec<Option<MetricValue>>>)> {
        self.check_selector(&scale.selector)
            .map_err(|error| (error, None))?;
        let policy = self.policy;
        let specs = policy.metrics();
        let mut replicas = 0;
        let mut decisive = None;
        let mut missing = 0;
        let mut values = Vec::with_capacity(specs.len());
        let mut first = None;
        let mut invalid = 0;
        let mut unknown = 0;
        for (index, spec) in specs.iter().enumerate() {
            match self.context(scale).measure(spec, self.reading(index)) {
                Ok(measured) => {
                    let proposal = measured.proposal;
                    // While the best is 0, every next proposal takes its place.
                    if replicas == 0 || proposal.replicas > replicas {
                        replicas = proposal.replicas;
                        decisive = Some((spec, false));
                    }
                    missing += proposal.calculation.missing();
                    values.push(Some(measured.value));
                    self.remember(spec, proposal.replicas);
                    self.steps.push(Step::Metric {
                        name: named(spec),
                        calculation: proposal.calculation,
                    });
                }
                Err(failure) => {
                    invalid += 1;
                    values.push(None);
                    let message = failure.message;
                    self.events
                        .push(Event::warning(failure.reason, message.clone()));
                    self.steps.push(Step::NoMetric {
                        name: named(spec),
                        reason: message.clone(),
                    });
                    let error = format!("{}{message}", failure.prefix);
                    first.get_or_insert((failure.reason, message, error));
                    let Substitute::Count {
                        replicas: count,
                        asked,
                    } = self.substitute(spec)
                    else {
                        unknown += 1;
                        continue;
                    };
                    self.steps.push(Step::Substituted {
                        name: named(spec),
                        replicas: count,
                        seconds_ago: asked
                            .map(|at| self.now.saturating_duration_since(at).as_secs()),
                    });
                    if replicas == 0 || count > replicas {
                        replicas = count;
                        decisive = Some((spec, true));
                    }
                }
            }
        }
        self.forget(&specs);
        let of = specs.len();
        let error = first.as_ref().map(|(_, _, first)| MetricsError::Invalid {
            invalid,
            of,
            first: first.clone(),
        });
        let current = scale.spec_replicas;
        let (Some((decisive, substituted)), true) = (decisive, unknown == 0 || replicas >= current)
        else {
            if let Some((reason, message, _)) = first {
                let message = format!("the HPA was unable to compute the replica count: {message}");
                self.set(ConditionType::ScalingActive, false, reason, message);
            }
            self.steps.push(Step::Kept {
                invalid,
                of,
                replicas: current,
            });
            let error = error.unwrap_or(MetricsError::Invalid {
                invalid,
                of,
                first: String::new(),
            });
            return Err((error, Some(values)));
        };
        let metric = described(decisive);
        if let (true, Some((reason, message, _))) = (invalid == of, first) {
            let message = format!("the HPA was unable to compute the replica count: {message}");
            self.set(ConditionType::ScalingActive, false, reason, message);
        } else {
            let message =
                format!("the HPA was able to successfully calculate a replica count from {metric}");
            self.set(
                ConditionType::ScalingActive,
                true,
                "ValidMetricFound",
                message,
            );
        }
        if of - unknown > 1 {
            self.steps.push(Step::Highest {
                name: named(decisive),
                replicas,
                of: of - unknown,
            });
        }
        // Pods without a sample hold the count, too.
        let holds = self.policy.safety.on_missing == OnMissing::Hold && missing > 0;
        if holds && replicas < current {
            self.steps.push(Step::Held {
                wanted: replicas,
                replicas: current,
            });
            replicas = current;
        }
        Ok(Wanted {
            replicas,
            metric,
            missing: substituted,
            values,
            error,
        })
    }
}

/// The metric's own name, where it has one.
fn named(spec: &MetricSpec) -> String {
    match spec.name() {
        "" => described(spec),
        name => name.to_owned(),
    }
}
