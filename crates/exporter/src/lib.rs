//! GPU readings attributed to pods, in the Prometheus text format.
//!
//! [`render`] turns one reading of a node's GPUs and an [`Attribution`] into text, under the names
//! that the DCGM exporter and Alibaba Cloud's GPU exporter use. [`Exporter`] serves that text as a
//! [`tower_service::Service`] over any `GpuSource` and any [`Attributor`].
//!
//! What cannot be read is left out and counted with its reason, never a zero:
//!
//! ```
//! use concertina_exporter::{Attribution, DeviceKey, PodRef, RenderOptions, Share, render};
//! use concertina_sources::{Absence, GpuField, GpuReading, NodeReading, ProcessReading, Reading};
//!
//! let mut gpu = GpuReading::new(0, "GPU-1", "00000000:07:00.0", "Tesla V100-SXM2-16GB");
//! gpu.values = gpu.values.with(GpuField::Utilization, 0.0);
//! gpu.processes.push(ProcessReading {
//!     pid: 4711,
//!     sm_utilization: Reading::Absent(Absence::NoSample),
//!     memory_used: Reading::Value(15_343.0),
//! });
//! let node = NodeReading { node: "node-1".into(), gpus: vec![gpu], ..NodeReading::default() };
//! let bert = PodRef::new("default", "bert-0", "bert");
//! let mut attribution = Attribution::new();
//! attribution.allocate(DeviceKey::uuid("GPU-1"), &bert, Share::Whole);
//!
//! let text = render(&node, &attribution, RenderOptions::default());
//! assert!(text.contains("\nDCGM_CUSTOM_PROCESS_MEM_USED{gpu=\"0\","));
//! assert!(!text.contains("\nDCGM_CUSTOM_PROCESS_SM_UTIL{"));
//! assert!(text.contains("reason=\"no sample in the window\"} 1\n"));
//! ```

mod attribution;
mod render;
mod service;

pub use attribution::{
    Attribution, AttributionError, Attributor, Basis, DeviceId, DeviceKey, DraDevice, PodRef,
    Share, Unattributed, UnknownDevice,
};
pub use render::{Format, HostLabel, LabelFlavour, RenderOptions, render};
pub use service::Exporter;
