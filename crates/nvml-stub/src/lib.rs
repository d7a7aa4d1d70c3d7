//! A `libnvidia-ml.so` for tests, so that what reads GPUs can run through the real foreign
//! function interface on a machine without any.
//!
//! The library answers from a scenario file beside it: a copy at `/tmp/x/nvml.so` reads
//! `/tmp/x/nvml.yaml` (see [`Scenario`]) when it is initialised, and again each time the devices
//! are counted, which is how every collection begins. Each copy is a library of its own, so tests
//! do not see each other. A function can fail with any of NVML's codes, take its time, or be
//! missing altogether, as in an older driver ([`Stub::hide`]).
//!
//! Never published, never part of a release.

mod ffi;
mod place;
mod scenario;

pub use place::Stub;
pub use scenario::{
    Clocks, Gpm, Gpu, Memory, Mig, Process, Remapped, Sample, Scenario, Utilization,
};
