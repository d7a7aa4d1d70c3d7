//! GPU readings attributed to pods, in the Prometheus text format.
//!
//! [`render`] turns one reading of a node's GPUs and an [`Attribution`] into text, under the names
//! that the DCGM exporter and Alibaba Cloud's GPU exporter use. A [`Collector`] takes readings of any
//! `GpuSource` and any [`Attributor`] at its own pace; [`Exporter`] serves them as a
//! [`tower_service::Service`], so that no scrape waits for a driver.
//!
//! With the feature `kubelet`, [`Kubelet`] knows who holds which GPU and whose process is which: by
//! the kubelet's PodResources API, the processes' cgroups and the kubelet's names of log files.
//!
//! Of the DCGM exporter's default set three are not there: `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL`,
//! which NVML no longer counts as DCGM does, `DCGM_FI_DEV_VGPU_LICENSE_STATUS`, which only guests
//! have, and, before Hopper, the profiling metrics, for which DCGM reads counters that NVML does
//! not show.
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

mod accept;
mod attribution;
mod collector;
mod render;
mod service;

pub use attribution::{
    Attribution, AttributionError, Attributor, Basis, CgroupOwner, DeviceId, DeviceKey, DraDevice,
    PodRef, Share, Unattributed, UnknownDevice,
};
#[cfg(feature = "kubelet")]
pub use attribution::{GpuResources, Kubelet, KubeletOptions, ProcessOptions, SOCKET};
pub use collector::{Collected, Collector, CollectorOptions, Snapshot};
pub use render::{Format, HostLabel, LabelFlavour, RenderOptions, render};
pub use service::Exporter;
