//! Where numbers come from: metric and GPU source traits and what implements them.
//!
//! By default this crate holds only the traits [`MetricSource`] and [`GpuSource`], their readings
//! and errors, and the [`clock`]. What implements them is behind additive features.

pub mod clock;
pub mod gpu;
pub mod metric;

pub use clock::{Clock, ScaledClock, SystemClock};
pub use gpu::{Absence, GpuError, GpuReading, GpuSource, NodeReading, ProcessReading, Reading};
pub use metric::{MetricSource, SourceError};
