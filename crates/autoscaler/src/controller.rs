//! One autoscaler, followed.

use std::sync::Arc;

use concertina_metrics_api::{MetricRef, MetricsClient};
use concertina_model::{GroupResource, LabelSelector, Timestamp};
use concertina_replicas::api::Metric;
use concertina_replicas::{
    Decision, History, HorizontalPodAutoscaler, MetricReading, Observation, Options, PodSample,
    decide,
};

use crate::{Cluster, Scale};

/// What one reconcile did.
#[derive(Clone, Debug)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// The scale as it was read.
    pub scale: Scale,
    /// What was observed.
    pub observation: Observation,
    /// What was decided, and why.
    pub decision: Decision,
    /// Why the scale could not be written; None when it was, or did not have to be.
    pub not_written: Option<String>,
}

/// Follows one HorizontalPodAutoscaler. Every reconcile is the caller's: the controller keeps the
/// history between them, and has no clock.
pub struct Controller {
    policy: HorizontalPodAutoscaler,
    options: Options,
    cluster: Arc<dyn Cluster>,
    metrics: MetricsClient,
    history: History,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller")
            .field("policy", &self.policy)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

impl Controller {
    /// A controller that follows `policy` and goes on from `history`, which is empty for an
    /// autoscaler that is seen for the first time.
    #[must_use]
    pub fn new(
        policy: HorizontalPodAutoscaler,
        options: Options,
        cluster: Arc<dyn Cluster>,
        metrics: MetricsClient,
        history: History,
    ) -> Self {
        Self {
            policy,
            options,
            cluster,
            metrics,
            history,
        }
    }

    /// What is followed.
    #[must_use]
    pub fn policy(&self) -> &HorizontalPodAutoscaler {
        &self.policy
    }

    /// What past decisions wanted: save it, and a restart forgets nothing.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Observes, decides and scales, once.
    ///
    /// # Errors
    ///
    /// A text that says why nothing could be decided: the scale or the pods cannot be read, or the
    /// scale has no usable selector. Metrics that cannot be read are no error; the report's
    /// decision says what they meant. Nothing is noted in the history then.
    pub async fn reconcile(&mut self, now: Timestamp) -> Result<Report, String> {
        let target = &self.policy.scale_target;
        let scale = self.cluster.scale(target).await;
        let scale = scale.map_err(|error| format!("cannot read the scale of {target}: {error}"))?;
        let selector: LabelSelector = scale.selector.parse().map_err(|error| {
            let text = &scale.selector;
            format!("the scale of {target} has the selector `{text}`, which is none: {error}")
        })?;
        if selector.is_empty() {
            return Err(format!(
                "the scale of {target} has no selector, so its pods are unknown"
            ));
        }
        let namespace = &self.policy.namespace;
        let pods = self.cluster.pods(namespace, &selector).await;
        let pods = pods.map_err(|error| format!("cannot list the pods of {target}: {error}"))?;
        let mut metrics = Vec::with_capacity(self.policy.metrics.len());
        for metric in &self.policy.metrics {
            metrics.push(self.read(metric, &selector).await);
        }
        let observation = Observation {
            current_replicas: scale.spec_replicas,
            pods,
            metrics,
        };
        let (decision, history) = decide(
            &self.policy,
            &self.options,
            &self.history,
            &observation,
            now,
        );
        self.history = history;
        let mut not_written = None;
        if let Some(rescale) = &decision.rescale {
            let written = self.cluster.set_replicas(target, rescale.replicas).await;
            not_written = written.err().map(|error| error.to_string());
        }
        Ok(Report {
            at: now,
            scale,
            observation,
            decision,
            not_written,
        })
    }

    async fn read(&self, metric: &Metric, pods: &LabelSelector) -> Result<MetricReading, String> {
        let selector = match metric {
            Metric::Pods { selector, .. } => selector,
            _ => return Err("only Pods metrics can be read".to_owned()),
        };
        let selector = match selector {
            Some(object) => LabelSelector::try_from(object).map_err(|error| error.to_string())?,
            None => LabelSelector::everything(),
        };
        let asked = MetricRef {
            namespace: Some(self.policy.namespace.clone()),
            resource: GroupResource::core("pods"),
            name: metric.name().to_owned(),
            selector,
        };
        let values = self.metrics.by_selector(&asked, pods).await;
        let values = values.map_err(|error| error.to_string())?;
        let samples = values.into_iter().map(|value| PodSample {
            milli: value.milli_value(),
            pod: value.object.name,
        });
        Ok(MetricReading {
            pods: samples.collect(),
        })
    }
}
