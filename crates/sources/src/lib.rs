//! Where numbers come from: metric and GPU source traits and what implements them.
//!
//! By default this crate holds only the traits [`MetricSource`] and [`GpuSource`], their readings
//! and errors, and the [`clock`]. What implements them is behind additive features: `cache` (answers
//! that are asked for once and shared), `prometheus`
//! (a Prometheus server), `scrape` (targets, named or found in a cluster, scraped into the in-memory store),
//! `query-api` (Prometheus' HTTP API over that store), `simulated` (GPUs without hardware), `nvml` (NVIDIA's driver).

#[cfg(feature = "cache")]
pub mod cache;
pub mod clock;
#[cfg(feature = "scrape")]
pub mod exposition;
pub mod gpu;
pub mod metric;
#[cfg(feature = "nvml")]
pub mod nvml;
#[cfg(feature = "prometheus")]
pub mod prometheus;
#[cfg(feature = "query-api")]
pub mod query_api;
#[cfg(feature = "scrape")]
pub mod relabel;
#[cfg(feature = "scrape")]
pub mod scrape;
#[cfg(feature = "simulated")]
pub mod simulated;

pub use clock::{Clock, ScaledClock, SystemClock};
pub use gpu::{
    Absence, GpuError, GpuField, GpuReading, GpuSource, GpuValues, MigReading, NodeReading,
    ProcessReading, Reading, UnreadableGpu,
};
pub use metric::{MetricSource, Origin, SharedAnswer, SourceError};
