//! The use of pods and nodes over rules and a metric source.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use concertina_mapping::{
    ApiResource, NoUse, Resources, Usage as Found, UsageError, UsagePlan, UsageRules, Used,
};
use concertina_model::{GroupResource, QueryValue, Timestamp};
use concertina_sources::MetricSource;
use futures_util::future::join;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::fetching;
use super::objects::{ListedObject, UsageObjects};
use crate::provider::Objects;
use crate::telemetry::{AdapterMetrics, QueryCounter};
use crate::types::resource::{ContainerMetrics, MetricsMeta, NodeMetrics, PodMetrics, Usage};
use crate::{ProviderError, ResourceMetricsProvider};

/// Namespaces that are asked about at once, when a request is for pods of all.
const NAMESPACES_AT_ONCE: usize = 8;

/// Serves the CPU and memory use of pods and nodes from what a [`MetricSource`] answers to the
/// queries of `resourceRules`: two for nodes, and two for the pods of each namespace.
///
/// An object of which a half is missing is left out: prometheus-adapter 0.12 puts 0 there.
pub struct UsageAdapter {
    rules: UsageRules,
    source: Arc<dyn MetricSource>,
    resources: Arc<dyn Resources>,
    objects: Arc<dyn UsageObjects>,
    metrics: AdapterMetrics,
}

impl std::fmt::Debug for UsageAdapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsageAdapter")
            .field("source", &self.source.describe())
            .field("window", &self.rules.window())
            .finish_non_exhaustive()
    }
}

impl UsageAdapter {
    /// An adapter of `rules`.
    #[must_use]
    pub fn new(
        rules: UsageRules,
        source: Arc<dyn MetricSource>,
        resources: Arc<dyn Resources>,
        objects: Arc<dyn UsageObjects>,
    ) -> Self {
        Self {
            rules,
            source,
            resources,
            objects,
            metrics: AdapterMetrics::default(),
        }
    }

    /// Counts in `metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: &AdapterMetrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    fn halves(&self, resource: &str) -> Halves {
        let half = |name| self.metrics.of("resourceRules", resource.to_owned(), name);
        Halves {
            cpu: half("cpu"),
            memory: half("memory"),
        }
    }

    fn resource(&self, plural: &str) -> Result<Arc<ApiResource>, ProviderError> {
        let found = self.resources.resolve(&GroupResource::core(plural));
        found.ok_or_else(|| ProviderError::Listing {
            reason: format!("the cluster has no resource `{plural}`"),
        })
    }

    async fn listed(
        &self,
        plural: &str,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<ListedObject>, ProviderError> {
        let resource = self.resource(plural)?;
        let listed = self.objects.list(&resource, namespace, objects).await;
        listed.map_err(|error| ProviderError::Listing {
            reason: error.to_string(),
        })
    }

    /// Asks for both halves at once; also when they were evaluated, the earlier one.
    async fn ask(
        &self,
        plan: &UsagePlan,
        count: &Halves,
    ) -> Result<(Found, Timestamp), ProviderError> {
        let (cpu, memory) = match (plan.cpu(), plan.memory()) {
            (Ok(cpu), Ok(memory)) => (cpu, memory),
            (Err(error), _) | (_, Err(error)) => {
                return Err(fetching(UsageError::Plan(error.clone())));
            }
        };
        let cpu = count.cpu.ask(&*self.source, cpu);
        let (cpu, memory) = join(cpu, count.memory.ask(&*self.source, memory)).await;
        let (cpu, memory) = (cpu.map_err(fetching)?, memory.map_err(fetching)?);
        for (half, answer) in [(&count.cpu, &cpu), (&count.memory, &memory)] {
            // What is wrong with an answer is told below, for both at once.
            let _ = half.read(answer, |answer| match &answer.value {
                QueryValue::Vector(_) => Ok(()),
                _ => Err(()),
            });
        }
        let found = plan.read(&cpu.value, &memory.value).map_err(fetching)?;
        Ok((found, cpu.at.min(memory.at)))
    }

    async fn pods_of(
        &self,
        namespace: String,
        pods: Vec<ListedObject>,
    ) -> Result<Vec<PodMetrics>, ProviderError> {
        let names: Vec<String> = pods.iter().map(|pod| pod.name.clone()).collect();
        let plan = self.rules.plan_pods(&namespace, &names, &*self.resources);
        let count = self.halves("pods");
        let (found, at) = self.ask(&plan, &count).await?;
        let pod = |pod: ListedObject| {
            let used = told("pods", &pod, found.pod(&pod.name), &count)?;
            let containers = used.containers.into_iter();
            Some(PodMetrics {
                timestamp: used.timestamp,
                window: self.rules.window(),
                containers: containers
                    .map(|(name, used)| ContainerMetrics {
                        name,
                        usage: usage(used),
                    })
                    .collect(),
                metadata: meta(pod, at),
                ..PodMetrics::default()
            })
        };
        Ok(pods.into_iter().filter_map(pod).collect())
    }
}

/// The counters of both halves.
struct Halves {
    cpu: QueryCounter,
    memory: QueryCounter,
}

/// What is known of an object; what is not is counted and told in the log.
fn told<T>(
    resource: &str,
    object: &ListedObject,
    found: Result<T, NoUse>,
    count: &Halves,
) -> Option<T> {
    found
        .inspect_err(|reason| {
            let half = match reason.resource {
                "memory" => &count.memory,
                _ => &count.cpu,
            };
            half.left_out(&reason.reason);
            let (namespace, object) = (&object.namespace, &object.name);
            tracing::debug!(resource, namespace, object, %reason, "object left out");
        })
        .ok()
}

fn meta(object: ListedObject, at: Timestamp) -> MetricsMeta {
    MetricsMeta {
        name: object.name,
        namespace: object.namespace,
        creation_timestamp: at,
        labels: object.labels,
    }
}

fn usage(used: Used) -> Usage {
    Usage::from([
        ("cpu".to_owned(), used.cpu),
        ("memory".to_owned(), used.memory),
    ])
}

#[async_trait]
impl ResourceMetricsProvider for UsageAdapter {
    async fn pods(
        &self,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<PodMetrics>, ProviderError> {
        let mut namespaces: BTreeMap<String, Vec<ListedObject>> = BTreeMap::new();
        for pod in self.listed("pods", namespace, objects).await? {
            namespaces
                .entry(pod.namespace.clone())
                .or_default()
                .push(pod);
        }
        let found: Vec<Vec<PodMetrics>> = stream::iter(namespaces)
            .map(|(namespace, pods)| self.pods_of(namespace, pods))
            .buffered(NAMESPACES_AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn nodes(&self, objects: &Objects) -> Result<Vec<NodeMetrics>, ProviderError> {
        let nodes = self.listed("nodes", None, objects).await?;
        if nodes.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
        let plan = self.rules.plan_nodes(&names, &*self.resources);
        let count = self.halves("nodes");
        let (found, at) = self.ask(&plan, &count).await?;
        let node = |node: ListedObject| {
            let used = told("nodes", &node, found.node(&node.name), &count)?;
            Some(NodeMetrics {
                timestamp: used.timestamp,
                window: self.rules.window(),
                usage: usage(used.used),
                metadata: meta(node, at),
                ..NodeMetrics::default()
            })
        };
        Ok(nodes.into_iter().filter_map(node).collect())
    }
}
