//! The cluster as the autoscaler, the metrics adapter and the exporter see it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_autoscaler::{Cluster, ClusterError, Scale};
use concertina_exporter::{Attribution, AttributionError, Attributor, DeviceKey, PodRef, Share};
use concertina_mapping::ApiResource;
use concertina_metrics_api::adapter::{ListError, ObjectLister};
use concertina_model::{LabelSelector, ObjectRef};
use concertina_replicas::observation::Ready;
use concertina_replicas::{Pod, PodPhase, Policy};
use concertina_sources::simulated::{PodState, SimulatedNode, Timing, Workload};
use concertina_sources::{Clock, NodeReading};

/// The node's name, as on the walkthrough's page.
pub(crate) const NODE: &str = "cn-beijing.192.168.94.107";
/// How many GPUs the node has.
const GPUS: u32 = 8;
/// The container in each pod.
const CONTAINER: &str = "bert-container";
/// The pods are older than the demo, so that their models are loaded when it begins.
const AGE: Duration = Duration::from_secs(120);

/// One node and one workload on it, in the autoscaler's namespace.
#[derive(Debug)]
pub(crate) struct DemoCluster {
    node: Arc<SimulatedNode>,
    target: ObjectRef,
}

impl DemoCluster {
    /// A cluster in which the target of `hpa` runs with the minimum of replicas.
    pub(crate) fn new(clock: Arc<dyn Clock>, hpa: &Policy) -> Self {
        let since = clock.now().saturating_sub(AGE);
        let replicas = usize::try_from(hpa.spec.min_replicas()).unwrap_or(1);
        let target = hpa.scale_target();
        let workload = Workload::new(&target.name, GPUS, replicas, Timing::default(), since);
        Self {
            node: Arc::new(SimulatedNode::new(NODE, clock, workload)),
            target,
        }
    }

    /// The node with its GPUs.
    pub(crate) fn node(&self) -> &Arc<SimulatedNode> {
        &self.node
    }

    fn namespace(&self) -> &str {
        &self.target.namespace
    }

    fn labels_match(&self, selector: &LabelSelector) -> bool {
        selector.matches(|key| (key == "app").then_some(self.target.name.as_str()))
    }

    fn check(&self, target: &ObjectRef) -> Result<(), ClusterError> {
        if *target == self.target {
            Ok(())
        } else {
            Err(ClusterError::NotFound(target.to_string()))
        }
    }
}

/// Counts beyond 32 bits do not exist here.
fn count(pods: usize) -> i32 {
    i32::try_from(pods).unwrap_or(i32::MAX)
}

#[async_trait]
impl Cluster for DemoCluster {
    async fn scale(&self, target: &ObjectRef) -> Result<Scale, ClusterError> {
        self.check(target)?;
        Ok(self.node.with_workload(|workload| Scale {
            spec_replicas: count(workload.replicas()),
            status_replicas: count(workload.current()),
            selector: format!("app={}", self.target.name),
        }))
    }

    async fn set_replicas(&self, target: &ObjectRef, replicas: i32) -> Result<(), ClusterError> {
        self.check(target)?;
        let replicas = usize::try_from(replicas)
            .map_err(|_| ClusterError::Failed(format!("{replicas} replicas are not possible")))?;
        self.node.scale(replicas);
        Ok(())
    }

    async fn pods(
        &self,
        namespace: &str,
        selector: &LabelSelector,
    ) -> Result<Vec<Pod>, ClusterError> {
        if namespace != self.namespace() || !self.labels_match(selector) {
            return Ok(Vec::new());
        }
        let now = self.node.now();
        Ok(self.node.with_workload(|workload| {
            let pods = workload.pods().iter().map(|pod| {
                let state = pod.state(now);
                Pod {
                    name: pod.name().to_owned(),
                    phase: match state {
                        PodState::Pending => PodPhase::Pending,
                        _ => PodPhase::Running,
                    },
                    deleted: state == PodState::Terminating,
                    ready: match state {
                        PodState::Ready(since) => Some(Ready::yes(since)),
                        _ => None,
                    },
                    ..Pod::default()
                }
            });
            pods.collect()
        }))
    }
}

#[async_trait]
impl ObjectLister for DemoCluster {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        let here = namespace == Some(self.namespace());
        // Nodes and namespaces of this cluster carry no labels.
        let plain = selector.matches(|_| None);
        Ok(match (resource.group.as_str(), resource.plural.as_str()) {
            ("", "pods") if here && self.labels_match(selector) => {
                self.node.with_workload(|workload| {
                    workload
                        .pods()
                        .iter()
                        .map(|pod| pod.name().to_owned())
                        .collect()
                })
            }
            ("", "nodes") if plain => vec![NODE.to_owned()],
            ("", "namespaces") if plain => vec![self.namespace().to_owned()],
            _ => Vec::new(),
        })
    }
}

#[async_trait]
impl Attributor for DemoCluster {
    async fn attribute(&self, reading: &NodeReading) -> Result<Attribution, AttributionError> {
        Ok(self.node.with_workload(|workload| {
            let mut attribution = Attribution::new();
            for pod in workload.pods() {
                let on = |index| Some(index) == pod.gpu();
                if let Some(gpu) = reading.gpus.iter().find(|gpu| on(gpu.index)) {
                    let container = PodRef::new(self.namespace(), pod.name(), CONTAINER);
                    // A whole GPU: `nvidia.com/gpu: 1`.
                    attribution.allocate(DeviceKey::uuid(&gpu.uuid), &container, Share::Whole);
                }
            }
            attribution
        }))
    }
}
