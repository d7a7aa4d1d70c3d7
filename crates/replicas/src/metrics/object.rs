//! Object and External metrics.

use super::{Context, Failure, Measured, Read, averaged, quantity, selector_text};
use crate::api::{ExternalMetricSource, MetricTargetType, ObjectMetricSource};
use crate::calculation::Proposal;
use crate::observation::Reading;
use crate::status::MetricValue;

/// A total, as it is reported.
fn whole(proposal: Proposal) -> Measured {
    let value = MetricValue {
        value: proposal.usage.map(quantity),
        ..MetricValue::default()
    };
    Measured { proposal, value }
}

impl Context<'_> {
    /// The metric of an object. Both the target's type and the field of that type count.
    pub(super) fn object(
        &self,
        source: &ObjectMetricSource,
        reading: Read<'_>,
    ) -> Result<Measured, Failure> {
        let failed = |message| Failure {
            reason: "FailedGetObjectMetric",
            message,
            prefix: "failed to get object metric value: ".to_owned(),
        };
        let target = &source.target;
        let value = target
            .value
            .filter(|_| target.kind == MetricTargetType::Value);
        let is_average = target.kind == MetricTargetType::AverageValue;
        let average = target.average_value.filter(|_| is_average);
        if value.is_none() && average.is_none() {
            let message = "invalid object metric source: neither a value target nor an average \
                           value target was set";
            return Err(failed(message.to_owned()));
        }
        let usage = match reading {
            Ok(Reading::Object(milli)) => Ok(*milli),
            Ok(_) => Err("the reading holds no value of an object"),
            Err(error) => Err(error),
        };
        let usage = usage.map_err(|error| {
            let (metric, object) = (&source.metric.name, &source.described_object);
            let (kind, name) = (&object.kind, &object.name);
            let namespace = self.namespace;
            failed(format!(
                "unable to get metric {metric} on {kind} {namespace}/{name}: {error}"
            ))
        })?;
        let measured = match (value, average) {
            (Some(target), _) => {
                let proposal = self.calculator.object_value(usage, target.milli_value());
                proposal.map(whole)
            }
            (None, target) => {
                let milli = target.map_or(0, |target| target.milli_value());
                let proposal = self.calculator.object_average_value(usage, milli);
                proposal.map(averaged)
            }
        };
        measured.map_err(|error| failed(self.told(error).to_string()))
    }

    /// A metric from outside the cluster. `averageValue` comes first, whatever the target's type
    /// says.
    pub(super) fn external(
        &self,
        source: &ExternalMetricSource,
        reading: Read<'_>,
    ) -> Result<Measured, Failure> {
        let name = &source.metric.name;
        let failed = |message| Failure {
            reason: "FailedGetExternalMetric",
            message,
            prefix: format!("failed to get {name} external metric value: "),
        };
        let target = &source.target;
        if target.average_value.is_none() && target.value.is_none() {
            let message = "invalid external metric source: neither a value target nor an average \
                           value target was set";
            return Err(failed(message.to_owned()));
        }
        let values = match reading {
            Ok(Reading::External(values)) => Ok(values),
            Ok(_) => Err("the reading holds no external values"),
            Err(error) => Err(error),
        };
        let values = values.map_err(|error| {
            let selector = source.metric.selector.as_ref().map(selector_text);
            let (namespace, selector) = (self.namespace, selector.unwrap_or_default());
            failed(format!(
                "failed to get {name} external metric: unable to get external metric \
                 {namespace}/{name}/{selector}: {error}"
            ))
        })?;
        let measured = match (target.average_value, target.value) {
            (None, Some(target)) => {
                let proposal = self.calculator.external_value(values, target.milli_value());
                proposal.map(whole)
            }
            (target, _) => {
                let milli = target.map_or(0, |target| target.milli_value());
                let proposal = self.calculator.external_average_value(values, milli);
                proposal.map(averaged)
            }
        };
        measured.map_err(|error| {
            failed(format!(
                "failed to get {name} external metric: {}",
                self.told(error)
            ))
        })
    }
}
