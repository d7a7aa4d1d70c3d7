//! The simulated world of the demo: a node with GPUs, a service on it, and its users.
//!
//! Everything else in the demo is real. These modules stand where a cluster would: [`Cluster`]
//! answers what the Kubernetes API would answer to the autoscaler and the metrics adapter,
//! [`Gpus`] what NVML and the kubelet would answer to the exporter, [`Predict`] serves requests,
//! and [`Load`] sends them.

mod cluster;
mod load;
mod meter;
mod node;
mod predict;
mod workload;

pub(super) use cluster::Cluster;
pub(super) use load::{Load, LoadFile, LoadStats, Phase};
pub(super) use node::Gpus;
pub(super) use predict::Predict;
pub(super) use workload::PodState;
