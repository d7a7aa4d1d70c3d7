//! Which pod holds which GPU, and whose process is which.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use async_trait::async_trait;

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodRef {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
}

impl PodRef {
    /// Container `container` of pod `pod` in `namespace`.
    #[must_use]
    pub fn new(namespace: &str, pod: &str, container: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
        }
    }
}

/// How much of a GPU a container holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// All of it, to itself: exclusive mode.
    Whole,
    /// This much of its memory, in MiB, beside others: GPU sharing.
    Memory(f64),
}

/// Which container holds which GPU, and whose process is which, at one moment.
///
/// ```
/// use concertina_exporter::{Attribution, PodRef, Share};
///
/// let mut attribution = Attribution::new();
/// let (a, b) = (PodRef::new("ml", "a", "main"), PodRef::new("ml", "b", "main"));
/// attribution.allocate("GPU-1", &a, Share::Memory(4096.0));
/// attribution.allocate("GPU-1", &a, Share::Memory(4096.0));
/// assert_eq!(attribution.holders("GPU-1").collect::<Vec<_>>(), [(&a, Share::Memory(8192.0))]);
/// assert_eq!(attribution.exclusive_holder("GPU-1"), None);
/// attribution.allocate("GPU-2", &b, Share::Whole);
/// assert_eq!(attribution.exclusive_holder("GPU-2"), Some(&b));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    gpus: BTreeMap<String, BTreeMap<PodRef, Share>>,
    processes: BTreeMap<u32, PodRef>,
}

impl Attribution {
    /// Nobody holds anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that `pod` holds `share` of GPU `uuid`. Several shares of one container, as of two
    /// replicas of a time-sliced GPU, add up.
    pub fn allocate(&mut self, uuid: &str, pod: &PodRef, share: Share) {
        let holders = self.gpus.entry(uuid.to_owned()).or_default();
        match holders.entry(pod.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(share);
            }
            Entry::Occupied(mut entry) => {
                let sum = match (entry.get(), share) {
                    (Share::Memory(held), Share::Memory(more)) => Share::Memory(held + more),
                    _ => Share::Whole,
                };
                entry.insert(sum);
            }
        }
    }

    /// Says that the process `pid`, of the node's PID namespace, is one of `pod`'s.
    pub fn process(&mut self, pid: u32, pod: &PodRef) {
        self.processes.insert(pid, pod.clone());
    }

    /// Who holds GPU `uuid`, and how much of it.
    pub fn holders(&self, uuid: &str) -> impl Iterator<Item = (&PodRef, Share)> {
        let holders = self.gpus.get(uuid).into_iter().flatten();
        holders.map(|(pod, share)| (pod, *share))
    }

    /// The only container that holds GPU `uuid`, when it holds the whole of it. `None` for a
    /// shared GPU even while a single container is on it, so that the labels of its series do not
    /// change with its neighbours.
    #[must_use]
    pub fn exclusive_holder(&self, uuid: &str) -> Option<&PodRef> {
        let mut holders = self.holders(uuid);
        match (holders.next(), holders.next()) {
            (Some((pod, Share::Whole)), None) => Some(pod),
            _ => None,
        }
    }

    /// Whose process `pid` is, if a pod's.
    #[must_use]
    pub fn owner(&self, pid: u32) -> Option<&PodRef> {
        self.processes.get(&pid)
    }
}

/// What knows which pod holds which GPU: the kubelet, or a simulation.
///
/// A closure that returns an [`Attribution`] is one too.
#[async_trait]
pub trait Attributor: Send + Sync {
    /// The attribution now.
    ///
    /// # Errors
    ///
    /// [`AttributionError`] when it cannot be told. Never an empty attribution instead: metrics
    /// without their pods look like pods without load.
    async fn attribute(&self) -> Result<Attribution, AttributionError>;
}

#[async_trait]
impl<F> Attributor for F
where
    F: Fn() -> Result<Attribution, AttributionError> + Send + Sync,
{
    async fn attribute(&self) -> Result<Attribution, AttributionError> {
        self()
    }
}

/// Why nobody knows which pod holds which GPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributionError {
    /// What knows it did not answer.
    #[error("cannot tell which pods hold the GPUs: {reason}")]
    Unavailable {
        /// What went wrong.
        reason: String,
    },
}
