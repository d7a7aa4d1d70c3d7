//! Resource and ContainerResource metrics.

use super::{Context, Failure, Measured, Read, averaged, samples};
use crate::api::MetricTarget;

impl Context<'_> {
    /// A resource of whole pods, or of one container. `averageValue` comes first, whatever the
    /// target's type says.
    pub(super) fn resource(
        &self,
        name: &str,
        container: Option<&str>,
        target: &MetricTarget,
        reading: Read<'_>,
    ) -> Result<Measured, Failure> {
        let failed = |message| Failure {
            reason: match container {
                Some(_) => "FailedGetContainerResourceMetric",
                None => "FailedGetResourceMetric",
            },
            message,
            prefix: match container {
                Some(container) => format!("failed to get {container} container metric value: "),
                None => format!("failed to get {name} resource metric value: "),
            },
        };
        let what = match (target.average_value, target.average_utilization) {
            (Some(_), _) => "usage",
            (None, Some(_)) => "utilization",
            (None, None) => {
                let message = "invalid resource metric source: neither an average utilization \
                               target nor an average value (usage) target was set";
                return Err(failed(message.to_owned()));
            }
        };
        let samples = samples(reading).map_err(|error| {
            failed(format!(
                "failed to get {name} {what}: unable to get metrics for resource {name}: {error}"
            ))
        })?;
        let proposal = match (target.average_value, target.average_utilization) {
            (None, Some(percent)) => self
                .calculator
                .resource_utilization(name, container, samples, percent),
            (value, _) => {
                let milli = value.map_or(0, |value| value.milli_value());
                self.calculator.resource_average_value(name, samples, milli)
            }
        };
        let told = |error| failed(format!("failed to get {name} {what}: {}", self.told(error)));
        proposal.map(averaged).map_err(told)
    }
}
