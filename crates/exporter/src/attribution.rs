//! Which container holds which GPU.

use async_trait::async_trait;

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodRef {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
}

/// A container that a GPU, or a part of it, was given to.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// The GPU's UUID.
    pub gpu: String,
    /// The container.
    pub container: PodRef,
    /// How much of the GPU's memory it may use, in MiB, where that is known.
    pub allocated: Option<f64>,
    /// Its processes, where they are known. A process that no holder lists belongs to the only
    /// holder of its GPU, if there is only one.
    pub pids: Vec<u32>,
}

/// Who holds the GPUs of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    /// One entry for each container and GPU.
    pub holders: Vec<Holder>,
}

impl Attribution {
    /// The holders of a GPU.
    pub fn of<'a>(&'a self, gpu: &str) -> impl Iterator<Item = &'a Holder> {
        self.holders.iter().filter(move |holder| holder.gpu == gpu)
    }

    /// The only holder of a GPU; None when nobody or several hold it.
    #[must_use]
    pub fn only(&self, gpu: &str) -> Option<&Holder> {
        let mut holders = self.of(gpu);
        holders.next().filter(|_| holders.next().is_none())
    }

    /// The holder that a process on a GPU belongs to.
    #[must_use]
    pub fn owner(&self, gpu: &str, pid: u32) -> Option<&Holder> {
        let listed = self.of(gpu).find(|holder| holder.pids.contains(&pid));
        listed.or_else(|| self.only(gpu))
    }
}

/// Something that knows who holds the GPUs: the kubelet, or a simulation.
#[async_trait]
pub trait Attributor: Send + Sync {
    /// Who holds them now.
    ///
    /// # Errors
    ///
    /// [`AttributionError`] when that cannot be told.
    async fn attribution(&self) -> Result<Attribution, AttributionError>;
}

/// Why it is not known who holds the GPUs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot tell who holds the GPUs: {0}")]
#[non_exhaustive]
pub struct AttributionError(String);

impl AttributionError {
    /// Because of `reason`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
