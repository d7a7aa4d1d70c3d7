//! GPUs without hardware: a node whose GPUs are busy because a workload's pods serve requests.
//!
//! Everything follows from what was asked before and how long things take: nothing runs in the
//! background, and nothing is random. A pod waits for a GPU, starts, loads its model and serves;
//! each request costs GPU time on one of the ready pods, and utilization is busy time over the
//! driver's sampling window. A pod that is still loading has no utilization at all.
//!
//! [`ScriptedNode`] is simpler: its GPUs show what a file says, constant or going up and down.

mod meter;
mod node;
mod script;
mod wave;
mod workload;

pub use node::SimulatedNode;
pub use script::{ScriptError, ScriptedNode, ScriptedProcess};
pub use workload::{PodState, SimulatedPod, Timing, Workload};
