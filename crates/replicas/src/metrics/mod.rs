//! What all metrics of a policy ask for together.

mod object;
mod pods;
mod resource;

use concertina_model::{Format, LabelSelector, LabelSelectorObject, Quantity};

use crate::api::{MetricSourceType, MetricSpec};
use crate::calculation::{CalculationError, Calculator, Proposal};
use crate::observation::{PodSamples, Reading};
use crate::status::MetricValue;

/// A metric that gives a count.
pub(crate) struct Measured {
    pub(crate) proposal: Proposal,
    pub(crate) value: MetricValue,
}

/// A metric that gives none.
pub(crate) struct Failure {
    /// The reason of the condition `ScalingActive` and of the event.
    pub(crate) reason: &'static str,
    /// What went wrong.
    pub(crate) message: String,
    /// What goes before that in the error of the reconcile.
    pub(crate) prefix: String,
}

/// What a metric is read with.
pub(crate) struct Context<'a> {
    pub(crate) calculator: Calculator<'a>,
    /// Why the pods are unknown, if they are.
    pub(crate) pods_unknown: Option<&'a str>,
    pub(crate) namespace: &'a str,
}

type Read<'a> = Result<&'a Reading, &'a str>;

impl Context<'_> {
    /// What one metric asks for.
    pub(crate) fn measure(
        &self,
        spec: &MetricSpec,
        reading: Read<'_>,
    ) -> Result<Measured, Failure> {
        // Nothing is asked for with a selector that is none.
        let selected = match spec.selector().map(LabelSelector::try_from) {
            Some(Err(error)) => Err(error.to_string()),
            _ => Ok(()),
        };
        let reading = match &selected {
            Ok(()) => reading,
            Err(error) => Err(error.as_str()),
        };
        let missing = || Failure {
            reason: "InvalidMetricSourceType",
            message: format!(
                "metric of type \"{}\" without the field of its type",
                spec.kind
            ),
            prefix: String::new(),
        };
        match &spec.kind {
            MetricSourceType::Resource => {
                let source = spec.resource.as_ref().ok_or_else(missing)?;
                self.resource(&source.name, None, &source.target, reading)
            }
            MetricSourceType::ContainerResource => {
                let source = spec.container_resource.as_ref().ok_or_else(missing)?;
                let container = Some(source.container.as_str());
                self.resource(&source.name, container, &source.target, reading)
            }
            MetricSourceType::Pods => {
                let source = spec.pods.as_ref().ok_or_else(missing)?;
                self.pods(&source.metric.name, &source.target, reading)
            }
            MetricSourceType::Object => {
                let source = spec.object.as_ref().ok_or_else(missing)?;
                self.object(source, reading)
            }
            MetricSourceType::External => {
                let source = spec.external.as_ref().ok_or_else(missing)?;
                self.external(source, reading)
            }
            MetricSourceType::Other(kind) => Err(Failure {
                reason: "InvalidMetricSourceType",
                message: format!("unknown metric source type \"{kind}\""),
                prefix: String::new(),
            }),
        }
    }

    /// The error of a calculation, in view of pods that could not be listed.
    fn told(&self, error: CalculationError) -> CalculationError {
        match (self.pods_unknown, error) {
            (Some(why), CalculationError::NoPods) => CalculationError::PodsUnknown(why.to_owned()),
            (Some(_), CalculationError::ReadyPods(inner)) => {
                CalculationError::ReadyPods(Box::new(self.told(*inner)))
            }
            (_, error) => error,
        }
    }
}

/// The samples of a reading.
fn samples<'a>(reading: Read<'a>) -> Result<&'a PodSamples, &'a str> {
    match reading? {
        Reading::Pods(samples) => Ok(samples),
        _ => Err("the reading holds no samples of pods"),
    }
}

/// The name of a metric in reasons and messages.
pub(crate) fn described(spec: &MetricSpec) -> String {
    let name = spec.name();
    let percent = spec.target().is_some_and(|target| {
        target.average_value.is_none() && target.average_utilization.is_some()
    });
    match &spec.kind {
        MetricSourceType::Resource if percent => {
            format!("{name} resource utilization (percentage of request)")
        }
        MetricSourceType::ContainerResource if percent => {
            format!("{name} container resource utilization (percentage of request)")
        }
        MetricSourceType::Resource | MetricSourceType::ContainerResource => {
            format!("{name} resource")
        }
        MetricSourceType::Pods => format!("pods metric {name}"),
        MetricSourceType::Object => {
            let kind = spec
                .object
                .as_ref()
                .map_or("", |s| &s.described_object.kind);
            format!("{kind} metric {name}")
        }
        MetricSourceType::External => match spec.selector() {
            Some(selector) => format!("external metric {name}({})", selector_text(selector)),
            None => format!("external metric {name}"),
        },
        MetricSourceType::Other(kind) => format!("metric of type {kind}"),
    }
}

fn selector_text(selector: &LabelSelectorObject) -> String {
    match LabelSelector::try_from(selector) {
        Ok(selector) => selector.to_string(),
        Err(error) => error.to_string(),
    }
}

fn quantity(milli: i64) -> Quantity {
    Quantity::from_milli(milli, Format::DecimalSI)
}

/// A value for each pod, as it is reported.
fn averaged(proposal: Proposal) -> Measured {
    let value = MetricValue {
        value: None,
        average_value: proposal.usage.map(quantity),
        average_utilization: proposal.utilization,
    };
    Measured { proposal, value }
}
