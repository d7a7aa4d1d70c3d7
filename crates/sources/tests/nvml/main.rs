//! NVML through the real foreign function interface, with a stand-in for the driver's library.
#![cfg(feature = "nvml")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod faults;
mod numbers;
mod processes;
