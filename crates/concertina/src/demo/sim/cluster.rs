//! The cluster as the autoscaler and the metrics adapter see it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use concertina_autoscaler::{Cluster as ClusterApi, ClusterError, Scale};
use concertina_mapping::ResolvedResource;
use concertina_metrics_api::adapter::{ListError, ObjectLister};
use concertina_model::{LabelSelector, ObjectRef};
use concertina_replicas::Pod;
use concertina_sources::Clock;

use super::workload::{PodState, SimPod, Workload};

/// The node's name, as on the walkthrough's page.
pub(crate) const NODE: &str = "cn-beijing.192.168.94.107";
/// How many GPUs the node has.
pub(crate) const GPUS: u32 = 8;

/// One node and one Deployment on it, in one namespace.
pub(crate) struct Cluster {
    clock: Arc<dyn Clock>,
    namespace: String,
    target: ObjectRef,
    workload: Mutex<Workload>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Cluster {
    /// A cluster that runs `replicas` pods of `target` since now.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        namespace: &str,
        target: &ObjectRef,
        replicas: usize,
    ) -> Self {
        let workload = Workload::new(&target.name, GPUS, replicas, clock.now());
        Self {
            clock,
            namespace: namespace.to_owned(),
            target: target.clone(),
            workload: Mutex::new(workload),
        }
    }

    /// The namespace everything is in.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Serves one request that costs `cost` of GPU time, and waits until it is done. False when no
    /// pod could take it.
    pub(crate) async fn serve(&self, cost: Duration) -> bool {
        let now = self.clock.now();
        let taken = self.locked().serve(now, cost);
        match taken {
            Some((_, done)) => {
                self.clock.sleep_until(done).await;
                true
            }
            None => false,
        }
    }

    /// Calls `read` on every pod with what it does now.
    pub(crate) fn each_pod(&self, mut read: impl FnMut(&SimPod, PodState)) {
        let now = self.clock.now();
        let mut workload = self.locked();
        workload.advance(now);
        for pod in workload.pods() {
            read(pod, pod.state(now));
        }
    }

    fn locked(&self) -> MutexGuard<'_, Workload> {
        // A panic elsewhere leaves the plain data of the workload whole.
        self.workload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn labels_match(&self, selector: &LabelSelector) -> bool {
        selector.matches(|key| (key == "app").then_some(self.target.name.as_str()))
    }

    fn is_target(&self, target: &ObjectRef) -> Result<(), ClusterError> {
        if target.kind == self.target.kind && target.name == self.target.name {
            Ok(())
        } else {
            Err(ClusterError::NotFound(target.to_string()))
        }
    }
}

#[async_trait]
impl ClusterApi for Cluster {
    async fn scale(&self, target: &ObjectRef) -> Result<Scale, ClusterError> {
        self.is_target(target)?;
        let now = self.clock.now();
        let mut workload = self.locked();
        workload.advance(now);
        Ok(Scale {
            spec_replicas: i32::try_from(workload.replicas()).unwrap_or(i32::MAX),
            status_replicas: i32::try_from(workload.current()).unwrap_or(i32::MAX),
            selector: format!("app={}", self.target.name),
        })
    }

    async fn set_replicas(&self, target: &ObjectRef, replicas: i32) -> Result<(), ClusterError> {
        self.is_target(target)?;
        let Ok(replicas) = usize::try_from(replicas) else {
            return Err(ClusterError::Failed(format!("{replicas} replicas are not possible")));
        };
        let now = self.clock.now();
        self.locked().scale(replicas, now);
        Ok(())
    }

    async fn pods(
        &self,
        namespace: &str,
        selector: &LabelSelector,
    ) -> Result<Vec<Pod>, ClusterError> {
        let mut pods = Vec::new();
        if namespace == self.namespace && self.labels_match(selector) {
            self.each_pod(|pod, state| pods.push(api_pod(pod, state)));
        }
        Ok(pods)
    }
}

/// A simulated pod as the Kubernetes API would describe it.
fn api_pod(pod: &SimPod, state: PodState) -> Pod {
    let _ = (pod, state);
    todo!()
}

#[async_trait]
impl ObjectLister for Cluster {
    async fn list(
        &self,
        resource: &ResolvedResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        let mut names = Vec::new();
        match (resource.group.as_str(), resource.plural.as_str()) {
            ("", "pods") if namespace == Some(self.namespace()) && self.labels_match(selector) => {
                self.each_pod(|pod, _| names.push(pod.name.clone()));
            }
            // Nodes and namespaces of this cluster carry no labels.
            ("", "nodes") if selector.matches(|_| None) => names.push(NODE.to_owned()),
            ("", "namespaces") if selector.matches(|_| None) => names.push(self.namespace.clone()),
            _ => {}
        }
        Ok(names)
    }
}
