//! GPU readings attributed to pods, in the Prometheus text format.
//!
//! [`render`] is pure: a node's reading and who holds which GPU become text, under the names and
//! labels of NVIDIA's dcgm-exporter and of the GPU exporter of Alibaba Cloud's walkthrough.
//! [`Exporter`] serves it over HTTP.
//!
//! | metric | unit | of |
//! |---|---|---|
//! | `DCGM_FI_DEV_GPU_UTIL` | percent | a GPU |
//! | `DCGM_FI_DEV_FB_USED` | MiB | a GPU |
//! | `DCGM_CUSTOM_PROCESS_SM_UTIL` | percent | a container on a GPU |
//! | `DCGM_CUSTOM_PROCESS_MEM_USED` | MiB | a container on a GPU |
//! | `DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED` | MiB | a container on a GPU |
//! | `concertina_exporter_absent_readings` | readings | the node, by metric and reason |
//!
//! What could not be read has no sample, never 0; the last metric counts it, with the reason.

mod attribution;
mod render;
mod service;

pub use attribution::{Attribution, AttributionError, Attributor, Holder, PodRef};
pub use render::render;
pub use service::Exporter;
