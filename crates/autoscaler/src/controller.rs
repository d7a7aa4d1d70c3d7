//! One autoscaler, followed.

use std::sync::Arc;

use concertina_metrics_api::{MetricRef, MetricsClient};
use concertina_model::{GroupResource, LabelSelector, Timestamp};
use concertina_replicas::api::{MetricSpec, PodsMetricSource};
use concertina_replicas::{
    Decision, History, Observation, Options, PodSample, Policy, Reading, Scale, looks_at_metrics,
    reconcile,
};

use crate::Cluster;

/// What one reconcile did.
#[derive(Clone, Debug)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// What was observed.
    pub observation: Observation,
    /// What was decided, and why. A scale that could not be written is told in its error.
    pub decision: Decision,
}

impl Report {
    /// The scale, when it could be read.
    #[must_use]
    pub fn scale(&self) -> Option<&Scale> {
        self.observation.scale.as_ref().ok()
    }
}

/// Follows one HorizontalPodAutoscaler. Every reconcile is the caller's: the controller keeps the
/// history between them, and has no clock.
pub struct Controller {
    policy: Policy,
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
        policy: Policy,
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
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What past decisions wanted and did: save it, and a restart forgets nothing.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Observes, decides and scales, once. What cannot be read or written is told by the report's
    /// decision.
    pub async fn reconcile(&mut self, now: Timestamp) -> Report {
        let observation = self.observe().await;
        let history = std::mem::take(&mut self.history);
        let (mut decision, mut history) =
            reconcile(&self.policy, &self.options, history, &observation, now);
        if let Some(rescale) = &decision.rescale {
            let target = self.policy.scale_target();
            let written = self.cluster.set_replicas(&target, rescale.replicas).await;
            if let Err(error) = written {
                decision.scale_refused(&mut history, &error.to_string());
            }
        }
        self.history = history;
        Report {
            at: now,
            observation,
            decision,
        }
    }

    async fn observe(&self) -> Observation {
        let target = self.policy.scale_target();
        let scale = self.cluster.scale(&target).await;
        let mut observation = Observation {
            scale: scale.map_err(|error| error.to_string()),
            pods: Ok(Vec::new()),
            metrics: Vec::new(),
            activation: None,
        };
        let Ok(scale) = &observation.scale else {
            return observation;
        };
        let needed = looks_at_metrics(&self.policy, &self.options, &self.history, scale);
        let (true, Ok(selector)) = (needed, scale.selector.parse::<LabelSelector>()) else {
            return observation;
        };
        let pods = self.cluster.pods(&self.policy.namespace, &selector).await;
        observation.pods = pods.map_err(|error| error.to_string());
        for metric in &self.policy.spec.metrics {
            let reading = self.read(metric, &selector).await;
            observation.metrics.push(reading);
        }
        observation
    }

    async fn read(&self, metric: &MetricSpec, pods: &LabelSelector) -> Result<Reading, String> {
        match &metric.pods {
            Some(source) => self.read_pods(source, pods).await,
            None => Err("only Pods metrics can be read".to_owned()),
        }
    }

    async fn read_pods(
        &self,
        source: &PodsMetricSource,
        pods: &LabelSelector,
    ) -> Result<Reading, String> {
        let selector = match &source.metric.selector {
            Some(object) => LabelSelector::try_from(object).map_err(|error| error.to_string())?,
            None => LabelSelector::everything(),
        };
        let asked = MetricRef {
            namespace: Some(self.policy.namespace.clone()),
            resource: GroupResource::core("pods"),
            name: source.metric.name.clone(),
            selector,
        };
        let values = self.metrics.by_selector(&asked, pods).await;
        let values = values.map_err(|error| error.to_string())?;
        let samples = values.into_iter().map(|value| PodSample {
            milli: value.milli_value(),
            pod: value.object.name,
            timestamp: value.timestamp,
            window: value.window,
        });
        Ok(Reading::Pods(samples.collect()))
    }
}
