//! The shared words of GPU autoscaling: exact quantities, labels, samples, resources, selectors.
//!
//! This is the ground floor of Concertina. It is pure: no IO, no clock, no async. Times come in
//! as [`Timestamp`]s, numbers of the Kubernetes APIs as exact [`Quantity`]s, and numbers of
//! Prometheus as `f64` in [`Sample`]s.

pub mod labels;
pub mod listed;
mod position;
pub mod quantity;
pub mod resource;
pub mod rfc3339;
pub mod sample;
pub mod selector;
pub mod time;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use labels::{Labels, METRIC_NAME};
pub use listed::ListedSeries;
pub use position::line_and_column;
pub use quantity::{Format, ParseQuantityError, Quantity};
pub use resource::{GroupResource, ObjectRef};
pub use sample::{InstantSample, InstantVector, QueryAnswer, QueryValue, Sample, Series};
pub use selector::{LabelSelector, LabelSelectorObject, Operator, ParseSelectorError, Requirement};
pub use time::{ParseTimestampError, Timestamp};
