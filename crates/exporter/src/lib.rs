//! GPU readings attributed to pods, in the Prometheus text format.
//!
//! [`render`] turns one reading of a node's GPUs and an [`Attribution`] into text, under the names
//! that the DCGM exporter and Alibaba Cloud's GPU exporter use. [`Exporter`] serves that text as a
//! [`tower_service::Service`] over any `GpuSource` and any [`Attributor`].
//!
//! What cannot be read is left out and counted with its reason, never a zero:
//!
//! ```
//! use concertina_exporter::{Attribution, PodRef, Share, render};
//! use concertina_sources::{Absence, GpuReading, NodeReading, ProcessReading, Reading};
//!
//! let reading = NodeReading {
//!     node: "node-1".into(),
//!     at: Default::default(),
//!     gpus: vec![GpuReading {
//!         index: 0,
//!         uuid: "GPU-1".into(),
//!         pci_bus_id: "00000000:07:00.0".into(),
//!         model: "Tesla V100-SXM2-16GB".into(),
//!         utilization: Reading::Value(0.0),
//!         memory_used: Reading::Value(15_343.0),
//!         memory_total: Reading::Value(16_160.0),
//!         processes: vec![ProcessReading {
//!             pid: 4711,
//!             sm_utilization: Reading::Absent(Absence::NoSample),
//!             memory_used: Reading::Value(15_343.0),
//!         }],
//!     }],
//! };
//! let bert = PodRef::new("default", "bert-0", "bert");
//! let mut attribution = Attribution::new();
//! attribution.allocate("GPU-1", &bert, Share::Whole);
//! attribution.process(4711, &bert);
//!
//! let text = render(&reading, &attribution);
//! assert!(text.contains("\nDCGM_CUSTOM_PROCESS_MEM_USED{gpu=\"0\","));
//! assert!(!text.contains("\nDCGM_CUSTOM_PROCESS_SM_UTIL{"));
//! assert!(text.contains("reason=\"no sample in the window\"} 1\n"));
//! ```

mod attribution;
mod render;
mod service;
mod usage;

pub use attribution::{Attribution, AttributionError, Attributor, PodRef, Share};
pub use render::render;
pub use service::{Exporter, METRICS_CONTENT_TYPE};
