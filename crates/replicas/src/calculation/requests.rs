//! What pods request.

use super::CalculationError;
use crate::observation::{Container, Pod, Requests};

/// Which resource is asked for, and of what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requested<'a> {
    pub(super) resource: &'a str,
    /// One container; the whole pod when None.
    pub(super) container: Option<&'a str>,
    /// Whether requests of pods as a whole count.
    pub(super) pod_level: bool,
}

impl Requested<'_> {
    /// What a pod requests, in thousandths (`calculateRequests`).
    #[inline]
    pub(super) fn of(self, pod: &Pod) -> Result<i64, CalculationError> {
        match self.container {
            Some(name) => self.of_container(pod, name),
            None if self.pod_level && is_set(&pod.requests) => self.of_pod(pod),
            None => self.of_containers(pod),
        }
    }

    fn of_containers(self, pod: &Pod) -> Result<i64, CalculationError> {
        let mut sum = 0_i64;
        for container in running(pod) {
            sum = sum.wrapping_add(self.of_one(container, pod)?);
        }
        Ok(sum)
    }

    fn of_container(self, pod: &Pod, name: &str) -> Result<i64, CalculationError> {
        match running(pod).find(|container| container.name == name) {
            Some(container) => self.of_one(container, pod),
            None => Err(CalculationError::NoContainer {
                container: name.to_owned(),
                pod: pod.name.clone(),
            }),
        }
    }

    #[inline]
    fn of_one(self, container: &Container, pod: &Pod) -> Result<i64, CalculationError> {
        let requested = container.requests.get(self.resource);
        requested.ok_or_else(|| CalculationError::MissingRequest {
            resource: self.resource.to_owned(),
            container: container.name.clone(),
            pod: pod.name.clone(),
        })
    }

    /// The pod's own request, or what its containers need together: those that run, or an init
    /// container beside the sidecars started before it, whichever is more.
    fn of_pod(self, pod: &Pod) -> Result<i64, CalculationError> {
        let own = pod.requests.get(self.resource);
        if let Some(milli) = own.filter(|_| is_pod_level(self.resource)) {
            return Ok(milli);
        }
        let (mut sum, mut sidecars, mut initial) = (None, 0_i64, None);
        let add = |sum: &mut Option<i64>, milli| {
            *sum = Some(sum.unwrap_or(0_i64).wrapping_add(milli));
        };
        for container in &pod.containers {
            if let Some(milli) = container.requests.get(self.resource) {
                add(&mut sum, milli);
            }
        }
        for container in &pod.init_containers {
            let own = container.requests.get(self.resource);
            if let Some(milli) = own.filter(|_| container.restart_always) {
                add(&mut sum, milli);
                sidecars = sidecars.wrapping_add(milli);
            }
            let needed = if container.restart_always {
                sidecars
            } else {
                sidecars.wrapping_add(own.unwrap_or(0))
            };
            if own.is_some() {
                initial = initial.max(Some(needed));
            }
        }
        sum.max(initial)
            .ok_or_else(|| CalculationError::MissingPodRequest {
                resource: self.resource.to_owned(),
                pod: pod.name.clone(),
            })
    }
}

/// The containers that run for the pod's whole life.
fn running(pod: &Pod) -> impl Iterator<Item = &Container> {
    let sidecars = pod.init_containers.iter().filter(|c| c.restart_always);
    pod.containers.iter().chain(sidecars)
}

/// Whether a resource can be requested for a pod as a whole.
fn is_pod_level(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || resource.starts_with("hugepages-")
}

fn is_set(requests: &Requests) -> bool {
    requests.iter().any(|(resource, _)| is_pod_level(resource))
}
