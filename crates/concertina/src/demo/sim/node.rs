//! The node's GPUs as NVML would read them, and who holds them as the kubelet would say.

use std::sync::Arc;

use async_trait::async_trait;
use concertina_exporter::{Attribution, PodRef};
use concertina_sources::{
    Absence, Clock, GpuError, GpuReading, GpuSource, NodeReading, ProcessReading, Reading,
};

use super::Cluster;
use super::cluster::{GPUS, NODE};
use super::workload::PodState;

/// Frame buffer of a Tesla V100-SXM2-16GB, in MiB.
const MEMORY_TOTAL: f64 = 16_160.0;
/// What the service's process uses once its model is loaded, in MiB.
const MEMORY_MODEL: f64 = 15_343.0;

/// The GPUs of the simulated node.
#[derive(Clone, Debug)]
pub(crate) struct Gpus {
    cluster: Arc<Cluster>,
    clock: Arc<dyn Clock>,
}
