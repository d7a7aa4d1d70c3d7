//! Pods, as far as decisions look at them.

use concertina_model::Timestamp;

use crate::status::ConditionStatus;

/// A pod, as far as decisions look at it.
///
/// ```
/// use concertina_model::Timestamp;
/// use concertina_replicas::observation::{Container, Pod, Ready, Requests};
///
/// // Running and ready since the epoch, with a request of 500m CPU.
/// let pod = Pod {
///     name: "bert".to_owned(),
///     started: Some(Timestamp::EPOCH),
///     ready: Some(Ready::yes(Timestamp::EPOCH)),
///     containers: vec![Container {
///         name: "server".to_owned(),
///         requests: Requests::from_iter([("cpu", 500)]),
///         ..Container::default()
///     }],
///     ..Pod::default()
/// };
/// assert_eq!(pod.containers[0].requests.get("cpu"), Some(500));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its name, unique in its namespace.
    pub name: String,
    /// Its phase.
    pub phase: PodPhase,
    /// True when it has a deletion timestamp: it is terminating.
    pub deleted: bool,
    /// `status.startTime`: when the kubelet accepted it.
    pub started: Option<Timestamp>,
    /// Its `Ready` condition, if it has one.
    pub ready: Option<Ready>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// Its init containers, sidecars among them.
    pub init_containers: Vec<Container>,
    /// What is requested for the pod as a whole (`spec.resources.requests`).
    pub requests: Requests,
}

/// The phase of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PodPhase {
    /// Not yet started: it never counts as a source of samples.
    Pending,
    /// Started.
    #[default]
    Running,
    /// Ended well. Treated as running, as upstream does.
    Succeeded,
    /// Ended badly: left out altogether.
    Failed,
    /// Any other or no phase. Treated as running, as upstream does.
    Unknown,
}

/// The `Ready` condition of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Whether it is ready.
    pub status: ConditionStatus,
    /// When that last changed; `Timestamp::from_millis(i64::MIN)` when nothing says so.
    pub since: Timestamp,
}

impl Ready {
    /// Ready since then.
    #[must_use]
    pub fn yes(since: Timestamp) -> Self {
        let status = ConditionStatus::True;
        Self { status, since }
    }

    /// Not ready since then.
    #[must_use]
    pub fn no(since: Timestamp) -> Self {
        let status = ConditionStatus::False;
        Self { status, since }
    }
}

/// A container and what it requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// What it requests.
    pub requests: Requests,
    /// True for `restartPolicy: Always`, which makes a sidecar of an init container. It means
    /// nothing for others.
    pub restart_always: bool,
}

/// Requested resources and how much of them, in thousandths of the resource's unit. (The API server
/// holds requests in whole thousandths.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests(Vec<(String, i64)>);

impl Requests {
    /// How much of a resource is requested, in thousandths; None when nothing is.
    #[must_use]
    pub fn get(&self, resource: &str) -> Option<i64> {
        let found = self.0.iter().find(|(name, _)| name == resource);
        found.map(|(_, milli)| *milli)
    }

    /// The resources and their thousandths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, milli)| (name.as_str(), *milli))
    }
}

impl<S: Into<String>> FromIterator<(S, i64)> for Requests {
    fn from_iter<I: IntoIterator<Item = (S, i64)>>(requests: I) -> Self {
        let requests = requests.into_iter();
        Self(requests.map(|(name, milli)| (name.into(), milli)).collect())
    }
}
