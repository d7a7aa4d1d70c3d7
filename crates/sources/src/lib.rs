//! Where numbers come from: metric and GPU source traits and what implements them.
//!
//! By default this crate holds only the traits [`MetricSource`] and [`GpuSource`], their readings
//! and errors, and the [`clock`]. What implements them is behind additive features.

pub mod clock;
#[cfg(feature = "scrape")]
pub mod exposition;
pub mod gpu;
pub mod metric;
#[cfg(feature = "simulated")]
pub mod simulated;

pub use clock::{Clock, ScaledClock, SystemClock};
pub use gpu::{Absence, GpuError, GpuReading, GpuSource, NodeReading, ProcessReading, Reading};
pub use metric::{MetricSource, SourceError};
