//! A whole node: NVML with a stand-in for the driver, the kubelet on its socket, processes with
//! cgroups, and the names of log files.
#![cfg(feature = "kubelet")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod golden;
mod kubelet;
mod machine;
