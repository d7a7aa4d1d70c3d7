//! The processes on a device.

use std::collections::{BTreeMap, BTreeSet};

use nvml_wrapper::Device;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;

use super::answer::absence;
use super::window::Sample;
use crate::{Absence, Reading};

const MIB: f64 = 1_048_576.0;
/// How often a list is asked for that grew between two questions.
const ATTEMPTS: usize = 4;

/// The processes of a device: what memory each uses, in MiB, which are clients of MPS, and the GPU
/// instance that they run on, where the driver says so.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) memory: BTreeMap<u32, Reading<f64>>,
    pub(super) mps: BTreeSet<u32>,
    pub(super) instance: Option<u32>,
}

impl Listed {
    pub(super) fn pids(&self) -> BTreeSet<u32> {
        self.memory.keys().copied().collect()
    }

    fn add(&mut self, process: &ProcessInfo) {
        let memory = match process.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => Reading::Value(bytes as f64 / MIB),
            // Seen of drivers inside containers without the PID namespace of the node.
            UsedGpuMemory::Unavailable => Reading::Absent(Absence::Blank),
        };
        let entry = self.memory.entry(process.pid).or_insert(memory);
        // A process with both kinds of contexts stands in both lists, with the same memory.
        if let (Reading::Value(more), Reading::Value(known)) = (memory, *entry) {
            *entry = Reading::Value(more.max(known));
        }
        self.instance = self.instance.or(process.gpu_instance_id);
    }
}

/// All processes of `device`, a GPU or a MIG instance.
pub(super) fn listed(device: &Device<'_>) -> Result<Listed, Absence> {
    let mut listed = Listed::default();
    let compute = either(
        || device.running_compute_processes(),
        || device.running_compute_processes_v2(),
    );
    for process in compute.map_err(absence)? {
        listed.add(&process);
    }
    let graphics = either(
        || device.running_graphics_processes(),
        || device.running_graphics_processes_v2(),
    );
    match graphics {
        Ok(graphics) => graphics.iter().for_each(|process| listed.add(process)),
        // As on GPUs that are only for computing, and in MIG mode.
        Err(NvmlError::NotSupported) => {}
        Err(error) => return Err(absence(error)),
    }
    // Before 510 there is no such list; then nothing is known of MPS.
    if let Ok(clients) = device.mps_running_compute_processes() {
        for client in clients {
            listed.mps.insert(client.pid);
            listed.add(&client);
        }
    }
    Ok(listed)
}

/// The newer function, or the older one where the driver does not have it yet.
fn either(
    new: impl Fn() -> Result<Vec<ProcessInfo>, NvmlError>,
    old: impl Fn() -> Result<Vec<ProcessInfo>, NvmlError>,
) -> Result<Vec<ProcessInfo>, NvmlError> {
    match again(&new) {
        Err(NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound) => again(&old),
        answer => answer,
    }
}

/// A list that grows between the question for its length and that for itself is asked for again.
fn again<T>(ask: impl Fn() -> Result<Vec<T>, NvmlError>) -> Result<Vec<T>, NvmlError> {
    for _ in 1..ATTEMPTS {
        match ask() {
            Err(NvmlError::InsufficientSize(_)) => {}
            answer => return answer,
        }
    }
    ask()
}

/// What the driver sampled of the processes of `device` since a time.
pub(super) fn samples(device: &Device<'_>, since: u64) -> Result<Vec<Sample>, Absence> {
    let samples = match again(|| device.process_utilization_stats(since)) {
        Ok(samples) => samples,
        // The driver's way to say that nothing ran.
        Err(NvmlError::NotFound) => Vec::new(),
        Err(error) => return Err(absence(error)),
    };
    let samples = samples.into_iter().map(|sample| Sample {
        pid: sample.pid,
        at: sample.timestamp,
        sm: sample.sm_util,
    });
    Ok(samples.collect())
}
