//! What is simulated: the hardware, the service on it, the cluster around it, and its users.

mod cluster;
mod load;
mod predict;

pub(crate) use cluster::{DemoCluster, NODE};
pub(crate) use load::{Load, LoadFile, Phase};
pub(crate) use predict::Predict;
