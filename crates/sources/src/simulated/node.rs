//! A node as NVML would read it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::Timestamp;

use super::workload::{PodState, SimulatedPod, Workload};
use crate::{
    Absence, Clock, GpuError, GpuField, GpuReading, GpuSource, GpuValues, NodeReading,
    ProcessReading, Reading,
};

const MODEL: &str = "Tesla V100-SXM2-16GB";
/// Frame buffer of a Tesla V100-SXM2-16GB, in MiB.
const MEMORY_TOTAL: f64 = 16_160.0;
/// What a pod's process uses once its model is loaded, in MiB.
const MEMORY_MODEL: f64 = 15_343.0;
/// The first process id; pods count up from it in order of their GPUs.
const FIRST_PID: u32 = 2_305_118;

/// A node with a workload on its GPUs.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use concertina_sources::simulated::{SimulatedNode, Timing, Workload};
/// use concertina_sources::{Clock, GpuSource, SystemClock};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let clock = Arc::new(SystemClock);
/// let workload = Workload::new("bert", 8, 1, Timing::default(), clock.now());
/// let node = SimulatedNode::new("node-1", clock, workload);
/// let reading = node.read().await.unwrap();
/// assert_eq!(reading.gpus.len(), 8);
/// assert!(!node.serve(Duration::from_millis(23)).await, "the pod has not even started");
/// # }
/// ```
pub struct SimulatedNode {
    name: String,
    clock: Arc<dyn Clock>,
    workload: Mutex<Workload>,
}

impl fmt::Debug for SimulatedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedNode")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl SimulatedNode {
    /// A node called `name` in the time of `clock`.
    #[must_use]
    pub fn new(name: &str, clock: Arc<dyn Clock>, workload: Workload) -> Self {
        Self {
            name: name.to_owned(),
            clock,
            workload: Mutex::new(workload),
        }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Serves one request that costs `cost` of GPU time, and waits until it is done. False when no
    /// pod is ready or the queue of the one whose turn it is is full.
    pub async fn serve(&self, cost: Duration) -> bool {
        let now = self.clock.now();
        let taken = self.locked().serve(now, cost);
        match taken {
            Some((_, done)) => {
                self.clock.sleep_until(done).await;
                true
            }
            None => false,
        }
    }

    /// Wants `replicas` pods from now on.
    pub fn scale(&self, replicas: usize) {
        let now = self.clock.now();
        self.locked().scale(replicas, now);
    }

    /// Calls `read` on the workload as it is now.
    pub fn with_workload<T>(&self, read: impl FnOnce(&Workload) -> T) -> T {
        let now = self.clock.now();
        let mut workload = self.locked();
        workload.advance(now);
        read(&workload)
    }

    /// The present, by the node's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn locked(&self) -> MutexGuard<'_, Workload> {
        // A panic elsewhere leaves the plain data of the workload whole.
        self.workload.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl GpuSource for SimulatedNode {
    async fn read(&self) -> Result<NodeReading, GpuError> {
        let at = self.clock.now();
        let gpus = self.with_workload(|workload| {
            let holder = |gpu| workload.pods().iter().find(|pod| pod.gpu() == Some(gpu));
            (0..workload.gpus())
                .map(|index| {
                    let processes: Vec<_> = holder(index)
                        .and_then(|pod| process(pod, index, at))
                        .into_iter()
                        .collect();
                    // Of a GPU with one process, the device's readings are the process'.
                    let used = processes.first().and_then(|p| p.memory_used.value());
                    let busy = processes.first().and_then(|p| p.sm_utilization.value());
                    let uuid = format!("GPU-{index:08x}-5f1c-4e0a-9d57-c0ffee{index:06x}");
                    let bus = format!("00000000:{:02X}:00.0", 7 + index);
                    let values = GpuValues::default()
                        .with(GpuField::Utilization, busy.unwrap_or(0.0))
                        .with(GpuField::MemoryUsed, used.unwrap_or(0.0))
                        .with(GpuField::MemoryTotal, MEMORY_TOTAL);
                    GpuReading {
                        values,
                        processes,
                        ..GpuReading::new(index, &uuid, &bus, MODEL)
                    }
                })
                .collect()
        });
        Ok(NodeReading {
            node: self.name.clone(),
            at,
            gpus,
            ..NodeReading::default()
        })
    }
}

/// The process of `pod` on its GPU, once its container runs.
fn process(pod: &SimulatedPod, index: u32, now: Timestamp) -> Option<ProcessReading> {
    if pod.state(now) == PodState::Pending {
        return None;
    }
    let sm_utilization = match pod.sm_utilization(now) {
        Some(percent) => Reading::Value(percent),
        None => Reading::Absent(Absence::NoSample),
    };
    let memory_used = Reading::Value((pod.loaded(now) * MEMORY_MODEL).round());
    Some(ProcessReading {
        pid: FIRST_PID + index,
        sm_utilization,
        memory_used,
    })
}
