//! The first form of the decision: `Pods` metrics without behavior.

mod decide;
mod explain;
mod history;
mod limits;
mod observation;
mod pods;

pub use decide::{CurrentMetric, Decision, Options, Rescale, Tolerance, decide};
pub use explain::{Explanation, Step};
pub use history::{History, Recommendation};
pub use observation::{MetricReading, Observation, Pod, PodPhase, PodSample};
