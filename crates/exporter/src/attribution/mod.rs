//! Which pod holds which GPU, and whose process is which.

mod cgroup;
mod device;
#[cfg(feature = "kubelet")]
mod kubelet;
#[cfg(feature = "kubelet")]
mod names;
mod owner;
#[cfg(feature = "kubelet")]
mod processes;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use concertina_sources::{GpuReading, MigReading, NodeReading};

pub use cgroup::CgroupOwner;
pub use device::{DeviceId, DeviceKey, UnknownDevice};
#[cfg(feature = "kubelet")]
pub use kubelet::{GpuResources, Kubelet, KubeletOptions, SOCKET};
pub use owner::{Basis, Unattributed};
#[cfg(feature = "kubelet")]
pub use processes::ProcessOptions;

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

/// How much of a device a container holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// All of it, to itself: exclusive mode.
    Whole,
    /// So many of its replicas, as the device plugin makes them for time slicing and MPS, and how
    /// many there are in all, where that is known.
    Replicas {
        /// The replicas that the container holds.
        held: u32,
        /// All replicas of the device.
        of: Option<u32>,
    },
    /// This much of its memory, in MiB, beside others: GPU sharing.
    Memory(f64),
}

impl Share {
    fn plus(self, more: Self) -> Self {
        match (self, more) {
            (Self::Memory(held), Self::Memory(more)) => Self::Memory(held + more),
            (Self::Replicas { held, of }, Self::Replicas { held: more, .. }) => Self::Replicas {
                held: held.saturating_add(more),
                of,
            },
            _ => Self::Whole,
        }
    }
}

/// A device that dynamic resource allocation (DRA) gave to a container. It is named by driver,
/// pool and device, which says nothing about the GPU, so it is reported and not attributed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DraDevice {
    /// Whose it is.
    pub holder: PodRef,
    /// The driver, `gpu.nvidia.com`.
    pub driver: String,
    /// The pool.
    pub pool: String,
    /// The device within the pool.
    pub device: String,
}

/// Which container holds which device, and whose process is which, at one moment.
///
/// ```
/// use concertina_exporter::{Attribution, DeviceKey, PodRef, Share};
/// use concertina_sources::GpuReading;
///
/// let mut attribution = Attribution::new();
/// let (a, b) = (PodRef::new("ml", "a", "main"), PodRef::new("ml", "b", "main"));
/// attribution.allocate(DeviceKey::uuid("GPU-1"), &a, Share::Memory(4096.0));
/// attribution.allocate(DeviceKey::uuid("GPU-1"), &a, Share::Memory(4096.0));
/// attribution.allocate("nvidia1".parse().unwrap(), &b, Share::Whole);
///
/// let first = GpuReading::new(0, "GPU-1", "", "");
/// assert_eq!(attribution.holders(&first), [(&a, Share::Memory(8192.0))]);
/// assert_eq!(attribution.exclusive_holder(&first), None);
/// let second = GpuReading::new(1, "GPU-2", "", "");
/// assert_eq!(attribution.exclusive_holder(&second), Some(&b));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    devices: BTreeMap<DeviceKey, BTreeMap<PodRef, Share>>,
    processes: BTreeMap<u32, Result<(PodRef, Basis), Unattributed>>,
    /// Devices of DRA claims, in order.
    pub dra: Vec<DraDevice>,
    /// Devices that are held and whose ids have no known form.
    pub unknown: Vec<UnknownDevice>,
    /// True when every process was looked up where the node's processes are to be seen: then a
    /// container that holds a device and has no process there uses nothing of it.
    pub sees_processes: bool,
}

impl Attribution {
    /// Nobody holds anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that `pod` holds `share` of `device`. Several shares of one container, as of two
    /// replicas of a time-sliced GPU, add up.
    pub fn allocate(&mut self, device: DeviceKey, pod: &PodRef, share: Share) {
        let holders = self.devices.entry(device).or_default();
        match holders.entry(pod.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(share);
            }
            Entry::Occupied(mut entry) => {
                let sum = entry.get().plus(share);
                entry.insert(sum);
            }
        }
    }

    /// Says that the process `pid`, of the node's PID namespace, is one of `pod`'s, and how that
    /// is known.
    pub fn process(&mut self, pid: u32, pod: &PodRef, basis: Basis) {
        self.processes.insert(pid, Ok((pod.clone(), basis)));
    }

    /// Says that nobody knows whose the process `pid` is, and why.
    pub fn unattributed(&mut self, pid: u32, reason: Unattributed) {
        self.processes.insert(pid, Err(reason));
    }

    /// Who holds `gpu`, and how much of it. Its MIG instances are devices of their own.
    #[must_use]
    pub fn holders(&self, gpu: &GpuReading) -> Vec<(&PodRef, Share)> {
        let number = DeviceKey::Number(gpu.device_number());
        self.held([DeviceKey::Uuid(gpu.uuid.clone()), number])
    }

    /// Who holds the MIG instance `mig` of `gpu`, and how much of it.
    #[must_use]
    pub fn instance_holders(&self, gpu: &GpuReading, mig: &MigReading) -> Vec<(&PodRef, Share)> {
        let uuid = DeviceKey::Uuid(mig.uuid.clone());
        let number = gpu.device_number();
        match mig.gpu_instance {
            Some(gi) => self.held([uuid, DeviceKey::Instance(number, gi)]),
            None => self.held([uuid]),
        }
    }

    fn held<const N: usize>(&self, keys: [DeviceKey; N]) -> Vec<(&PodRef, Share)> {
        let holders = keys.iter().filter_map(|key| self.devices.get(key));
        holders
            .flatten()
            .map(|(pod, share)| (pod, *share))
            .collect()
    }

    /// All containers that hold something, each once.
    #[must_use]
    pub fn all_holders(&self) -> BTreeSet<&PodRef> {
        self.devices.values().flat_map(BTreeMap::keys).collect()
    }

    /// The only container that holds `gpu`, when it holds the whole of it. `None` for a shared GPU
    /// even while a single container is on it, so that the labels of its series do not change with
    /// its neighbours.
    #[must_use]
    pub fn exclusive_holder(&self, gpu: &GpuReading) -> Option<&PodRef> {
        exclusive(&self.holders(gpu))
    }

    /// Whose process `pid` is and how that is known, or why it is not; `None` when nobody looked.
    #[must_use]
    pub fn owner(&self, pid: u32) -> Option<Result<(&PodRef, Basis), Unattributed>> {
        self.processes.get(&pid).map(|owner| match owner {
            Ok((pod, basis)) => Ok((pod, *basis)),
            Err(reason) => Err(*reason),
        })
    }
}

/// The only holder, when it holds the whole.
pub(crate) fn exclusive<'a>(holders: &[(&'a PodRef, Share)]) -> Option<&'a PodRef> {
    match holders {
        [(pod, Share::Whole)] => Some(pod),
        _ => None,
    }
}

/// What knows which pod holds which GPU: the kubelet, or a simulation.
///
/// A closure that makes an [`Attribution`] of a reading is one too.
#[async_trait]
pub trait Attributor: Send + Sync {
    /// The attribution now of the devices and processes of `node`.
    ///
    /// # Errors
    ///
    /// [`AttributionError`] when it cannot be told. Never an empty attribution instead: that would
    /// say that nobody holds the GPUs.
    async fn attribute(&self, node: &NodeReading) -> Result<Attribution, AttributionError>;
}

#[async_trait]
impl<F> Attributor for F
where
    F: Fn(&NodeReading) -> Result<Attribution, AttributionError> + Send + Sync,
{
    async fn attribute(&self, node: &NodeReading) -> Result<Attribution, AttributionError> {
        self(node)
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
