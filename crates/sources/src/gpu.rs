//! What GPUs say of themselves.

use async_trait::async_trait;
use concertina_model::Timestamp;

/// Something that reads the GPUs of a node.
#[async_trait]
pub trait GpuSource: Send + Sync {
    /// All GPUs of the node, now.
    ///
    /// # Errors
    ///
    /// [`GpuError`] when nothing at all can be read. What a single GPU cannot tell is an
    /// [`Absence`] in its reading, never a number.
    async fn read(&self) -> Result<NodeReading, GpuError>;
}

/// The GPUs of one node at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeReading {
    /// The node's name.
    pub node: String,
    /// When it was read.
    pub at: Timestamp,
    /// Its GPUs by index.
    pub gpus: Vec<GpuReading>,
}

/// One GPU at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct GpuReading {
    /// NVML's index.
    pub index: u32,
    /// `GPU-…`
    pub uuid: String,
    /// The PCI bus id, `00000000:07:00.0`.
    pub pci_bus_id: String,
    /// The model's name.
    pub model: String,
    /// How much of the sampling window at least one kernel ran, in percent, 0 to 100.
    pub utilization: Reading<f64>,
    /// Used frame buffer memory, in MiB.
    pub memory_used: Reading<f64>,
    /// All frame buffer memory, in MiB.
    pub memory_total: Reading<f64>,
    /// The processes on it.
    pub processes: Vec<ProcessReading>,
}

/// One process on a GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessReading {
    /// Its id in the node's PID namespace.
    pub pid: u32,
    /// SM utilization over the sampling window, in percent, 0 to 100.
    pub sm_utilization: Reading<f64>,
    /// Used frame buffer memory, in MiB.
    pub memory_used: Reading<f64>,
}

/// A value, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading<T> {
    /// The value.
    Value(T),
    /// None, because of this.
    Absent(Absence),
}

impl<T> Reading<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent(_) => None,
        }
    }
}

/// Why a GPU gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Absence {
    /// The device or driver has no such value.
    #[error("not supported by this device or driver")]
    NotSupported,
    /// The caller may not read it.
    #[error("no permission")]
    NoPermission,
    /// The device is gone.
    #[error("the device is lost")]
    Lost,
    /// The driver had no sample in the window, as for a process that only just started.
    #[error("no sample in the window")]
    NoSample,
}

/// Why a node's GPUs could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// No driver library, no GPU, or the driver hangs.
    #[error("cannot read the GPUs: {reason}")]
    Unavailable {
        /// What went wrong.
        reason: String,
    },
}
