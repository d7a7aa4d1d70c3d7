//! What all metrics of a policy ask for together.

use concertina_model::LabelSelector;

use super::Pass;
use super::tolerance::tolerance;
use crate::api::{MetricSpec, default_metric};
use crate::calculation::Calculator;
use crate::decision::{Event, MetricsError};
use crate::explain::Step;
use crate::metrics::{Context, described};
use crate::observation::Scale;
use crate::status::{ConditionType, MetricValue};

/// What all metrics together ask for.
pub(super) struct Wanted {
    pub(super) replicas: i32,
    pub(super) metric: String,
    pub(super) values: Vec<Option<MetricValue>>,
    pub(super) error: Option<MetricsError>,
}

impl Pass<'_> {
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

    /// `computeReplicasForMetrics`: the highest proposal, or what goes wrong with the current
    /// values.
    #[allow(clippy::type_complexity, reason = "used once")]
    pub(super) fn combine(
        &mut self,
        scale: &Scale,
    ) -> Result<Wanted, (MetricsError, Option<Vec<Option<MetricValue>>>)> {
        self.check_selector(&scale.selector)
            .map_err(|error| (error, None))?;
        let observation = self.observation;
        let context = Context {
            calculator: Calculator {
                options: self.options,
                tolerance: tolerance(self.policy, self.options),
                pods: observation.pods.as_deref().unwrap_or_default(),
                current_replicas: scale.spec_replicas,
                status_replicas: scale.status_replicas,
                now: self.now,
            },
            pods_unknown: observation.pods.as_ref().err().map(String::as_str),
            namespace: &self.policy.namespace,
        };
        let fallback;
        let specs = match self.policy.spec.metrics.as_slice() {
            [] => {
                fallback = [default_metric()];
                fallback.as_slice()
            }
            specs => specs,
        };
        let mut replicas = 0;
        let mut decisive = None;
        let mut values = Vec::with_capacity(specs.len());
        let mut first = None;
        let mut invalid = 0;
        for (index, spec) in specs.iter().enumerate() {
            let reading = match observation.metrics.get(index) {
                Some(Ok(reading)) => Ok(reading),
                Some(Err(reason)) => Err(reason.as_str()),
                None => Err("it was not read"),
            };
            match context.measure(spec, reading) {
                Ok(measured) => {
                    let proposal = measured.proposal;
                    // While the best is 0, every next proposal takes its place.
                    if replicas == 0 || proposal.replicas > replicas {
                        replicas = proposal.replicas;
                        decisive = Some(spec);
                    }
                    values.push(Some(measured.value));
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
                }
            }
        }
        let of = specs.len();
        let error = first.as_ref().map(|(_, _, first)| MetricsError::Invalid {
            invalid,
            of,
            first: first.clone(),
        });
        let current = scale.spec_replicas;
        let (Some(decisive), true) = (decisive, invalid == 0 || replicas >= current) else {
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
        let message =
            format!("the HPA was able to successfully calculate a replica count from {metric}");
        self.set(
            ConditionType::ScalingActive,
            true,
            "ValidMetricFound",
            message,
        );
        if of - invalid > 1 {
            self.steps.push(Step::Highest {
                name: named(decisive),
                replicas,
                of: of - invalid,
            });
        }
        Ok(Wanted {
            replicas,
            metric,
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
