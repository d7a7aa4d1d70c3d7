//! Pods metrics.

use super::{Context, Failure, Measured, Read, averaged, samples};
use crate::api::MetricTarget;

impl Context<'_> {
    /// A custom metric of the pods. Its target is averageValue, whatever the target's type says.
    pub(super) fn pods(
        &self,
        name: &str,
        target: &MetricTarget,
        reading: Read<'_>,
    ) -> Result<Measured, Failure> {
        let failed = |message| Failure {
            reason: "FailedGetPodsMetric",
            message,
            prefix: "failed to get pods metric value: ".to_owned(),
        };
        let Some(target) = target.average_value else {
            let message = "invalid pods metric source: no average value target was set";
            return Err(failed(message.to_owned()));
        };
        let samples = samples(reading)
            .map_err(|error| failed(format!("unable to get metric {name}: {error}")))?;
        let milli = target.milli_value();
        let proposal = self.calculator.pods_average_value(samples, milli);
        proposal
            .map(averaged)
            .map_err(|error| failed(self.told(error).to_string()))
    }
}
