//! How it is known whose a process is, and how sure that is.

/// How a process came to its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Basis {
    /// The process' cgroup names the container.
    Container,
    /// The process' cgroup names the pod, and one container of that pod holds GPUs.
    Pod,
    /// The whole device is allocated to this container alone.
    Allocation,
}

impl Basis {
    /// A word for it, as in the exporter's own metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container cgroup",
            Self::Pod => "pod cgroup",
            Self::Allocation => "allocation",
        }
    }

    /// How sure that is: `certain` when the kernel says so, `inferred` when it follows from what
    /// should be.
    #[must_use]
    pub fn confidence(self) -> &'static str {
        match self {
            Self::Container => "certain",
            Self::Pod | Self::Allocation => "inferred",
        }
    }
}

/// Why nobody knows whose a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Unattributed {
    /// The node's processes are not visible.
    #[error("the exporter does not see the node's processes (hostPID is off)")]
    Hidden,
    /// The process ended meanwhile.
    #[error("the process ended")]
    Gone,
    /// Its cgroup is no pod's.
    #[error("the process belongs to no pod")]
    NoPod,
    /// Its pod or container has no name that could be found.
    #[error("the name of the process' container is not known")]
    NoName,
}
