//! What an autoscaler sees before it decides.

mod pod;
mod samples;

pub use pod::{Container, Pod, PodPhase, Ready, ReadyStatus, Requests};
pub(crate) use samples::Join;
pub use samples::{PodSample, PodSamples};
