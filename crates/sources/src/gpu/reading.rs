//! What one look at a node gives.

use concertina_model::Timestamp;

use super::field::GpuValues;

/// The GPUs of one node at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeReading {
    /// The node's name.
    pub node: String,
    /// When it was read.
    pub at: Timestamp,
    /// The driver's version, when it says so.
    pub driver: Option<String>,
    /// Its GPUs by index.
    pub gpus: Vec<GpuReading>,
    /// GPUs that exist and do not even say who they are.
    pub unreadable: Vec<UnreadableGpu>,
}

/// A GPU of which nothing is known but that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableGpu {
    /// NVML's index.
    pub index: u32,
    /// Why it says nothing.
    pub absence: Absence,
}

/// One GPU at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuReading {
    /// NVML's index.
    pub index: u32,
    /// `GPU-…`
    pub uuid: String,
    /// The PCI bus id, `00000000:07:00.0`.
    pub pci_bus_id: String,
    /// The model's name.
    pub model: String,
    /// N of its device file `/dev/nvidiaN`, where it is known.
    pub minor: Option<u32>,
    /// Its numbers.
    pub values: GpuValues,
    /// Its MIG instances; `None` when it is not split.
    pub mig: Option<Vec<MigReading>>,
    /// The processes on it; of a GPU that is split, see its instances.
    pub processes: Vec<ProcessReading>,
    /// Why its processes, or its instances, could not be listed, if so.
    pub processes_absent: Option<Absence>,
}

impl GpuReading {
    /// A GPU of which nothing is read yet but who it is.
    #[must_use]
    pub fn new(index: u32, uuid: &str, pci_bus_id: &str, model: &str) -> Self {
        Self {
            index,
            uuid: uuid.to_owned(),
            pci_bus_id: pci_bus_id.to_owned(),
            model: model.to_owned(),
            ..Self::default()
        }
    }

    /// N of `nvidiaN`, as its device file is called; the index where the driver does not say.
    #[must_use]
    pub fn device_number(&self) -> u32 {
        self.minor.unwrap_or(self.index)
    }
}

/// One MIG instance of a GPU at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MigReading {
    /// `MIG-…`
    pub uuid: String,
    /// The id of its GPU instance, where it is known.
    pub gpu_instance: Option<u32>,
    /// Its profile, `1g.5gb`, where it is known.
    pub profile: Option<String>,
    /// Its numbers.
    pub values: GpuValues,
    /// The processes on it.
    pub processes: Vec<ProcessReading>,
    /// Why its processes could not be listed, if so.
    pub processes_absent: Option<Absence>,
}

/// One process on a GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
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

impl<T> From<Result<T, Absence>> for Reading<T> {
    fn from(answer: Result<T, Absence>) -> Self {
        match answer {
            Ok(value) => Self::Value(value),
            Err(absence) => Self::Absent(absence),
        }
    }
}

/// Why a GPU gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Absence {
    /// The source does not read it at all.
    #[error("not read by this source")]
    NotRead,
    /// The device or driver has no such value.
    #[error("not supported by this device or driver")]
    NotSupported,
    /// The driver's library is too old to have the function.
    #[error("the driver's library has no such function")]
    OldDriver,
    /// The caller may not read it.
    #[error("no permission")]
    NoPermission,
    /// The device is gone.
    #[error("the device is lost")]
    Lost,
    /// The driver had no sample in the window, as for a process that only just started.
    #[error("no sample in the window")]
    NoSample,
    /// The driver answered with the number that it uses for "no value".
    #[error("the driver's blank value")]
    Blank,
    /// The driver failed.
    #[error("NVML error {0}")]
    Nvml(u32),
}
