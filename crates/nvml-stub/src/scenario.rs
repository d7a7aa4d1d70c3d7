//! What a scenario file says.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A machine with GPUs, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scenario {
    /// The driver's version.
    pub driver: String,
    /// Functions that fail for every device, with NVML's code.
    pub fail: BTreeMap<String, u32>,
    /// Functions that take so many milliseconds, as with a driver that hangs.
    pub hang: BTreeMap<String, u64>,
    /// The GPUs by index.
    pub gpus: Vec<Gpu>,
}

/// A GPU. What is not given is not supported.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Gpu {
    /// `GPU-…`
    pub uuid: String,
    /// The model.
    pub name: String,
    /// The PCI bus id.
    pub bus_id: String,
    /// N of `/dev/nvidiaN`; the index when not given.
    pub minor: Option<u32>,
    /// It fell off the bus: every function says so.
    pub lost: bool,
    /// Functions that fail for this GPU, with NVML's code.
    pub fail: BTreeMap<String, u32>,
    /// Utilization of the GPU and its parts, in percent.
    pub utilization: Option<Utilization>,
    /// Frame buffer memory.
    pub memory: Option<Memory>,
    /// Clocks, in MHz.
    pub clocks: Option<Clocks>,
    /// Degrees Celsius.
    pub temperature: Option<u32>,
    /// Degrees Celsius, of the memory.
    pub memory_temperature: Option<u32>,
    /// Milliwatts.
    pub power: Option<u32>,
    /// Millijoules.
    pub energy: Option<u64>,
    /// PCIe replays.
    pub pcie_replays: Option<u32>,
    /// Remapped rows.
    pub remapped: Option<Remapped>,
    /// XID errors since the scenario began; each is delivered once.
    pub xids: Vec<u64>,
    /// What GPM measures; none before Hopper.
    pub gpm: Option<Gpm>,
    /// The processes.
    pub processes: Vec<Process>,
    /// Samples of what processes did.
    pub samples: Vec<Sample>,
    /// Its MIG instances; MIG mode is on when they are given, even as an empty list.
    pub mig: Option<Vec<Mig>>,
}

/// Percent, 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Utilization {
    /// Of the GPU.
    pub gpu: u32,
    /// Of the memory's bandwidth.
    pub memory: u32,
    /// Of the encoder.
    pub encoder: u32,
    /// Of the decoder.
    pub decoder: u32,
}

/// MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// The driver's own.
    pub reserved: u64,
    /// What is in use.
    pub used: u64,
}

/// MHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clocks {
    /// Of the streaming multiprocessors.
    pub sm: u32,
    /// Of the memory.
    pub memory: u32,
}

/// Counts of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Remapped {
    /// For correctable errors.
    pub correctable: u32,
    /// For uncorrectable errors.
    pub uncorrectable: u32,
    /// 1 when one failed.
    pub failure: u32,
}

/// What GPM measures between two samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Gpm {
    /// Percent of time that the graphics engine was active.
    pub graphics: f64,
    /// Percent of time that the tensor cores were active.
    pub tensor: f64,
    /// Percent of the memory's bandwidth.
    pub dram: f64,
    /// MiB in a second.
    pub pcie_sent: f64,
    /// MiB in a second.
    pub pcie_received: f64,
}

/// A process on a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// MiB; NVML's "not available" when not given.
    pub memory: Option<u64>,
    /// True when it is a graphics process.
    pub graphics: bool,
    /// True when it is a client of MPS.
    pub mps: bool,
}

/// What a process did in the driver's sampling period that ended at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sample {
    /// The process.
    pub pid: u32,
    /// The time, in microseconds since 1970.
    pub at: u64,
    /// Percent of the streaming multiprocessors.
    pub sm: u32,
}

/// A MIG instance.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mig {
    /// `MIG-…`
    pub uuid: String,
    /// `1g.5gb`
    pub profile: String,
    /// The id of its GPU instance.
    pub gi: u32,
    /// Its memory.
    pub memory: Option<Memory>,
    /// What GPM measures of it.
    pub gpm: Option<Gpm>,
    /// Its processes.
    pub processes: Vec<Process>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn parse(yaml: &str) -> Result<Self, String> {
        serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
    }
}
