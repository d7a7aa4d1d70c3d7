//! What the processes of one container do on one device, added up.

use concertina_sources::{Absence, Reading};

/// What it means that the driver had no sample of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Silence {
    /// It did nothing, as long as another process of the container was seen at all.
    Idle,
    /// Nothing is known.
    Unknown,
}

/// A sum of readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Total {
    sum: Option<f64>,
    /// True when a part is missing without which the sum would be too small.
    incomplete: bool,
}

impl Total {
    /// The sum, when it is complete.
    pub(super) fn value(&self) -> Option<f64> {
        self.sum.filter(|_| !self.incomplete)
    }

    /// Adds `reading`; says why it gave nothing, if so.
    pub(super) fn add(&mut self, reading: Reading<f64>, silence: Silence) -> Option<Why> {
        match finite(reading) {
            Ok(value) => {
                *self.sum.get_or_insert(0.0) += value;
                None
            }
            Err(why) => {
                let silent = why == Why::Absent(Absence::NoSample);
                self.incomplete |= !(silent && silence == Silence::Idle);
                Some(why)
            }
        }
    }
}

/// Why there is nothing to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(super) enum Why {
    #[error("{0}")]
    Absent(Absence),
    #[error("not a finite number")]
    NotFinite,
    #[error("{0}")]
    Unattributed(crate::attribution::Unattributed),
    #[error("the processes belong to no known container")]
    NobodyLooked,
    #[error("the device's id has no known form")]
    UnknownDevice,
    #[error("the number of replicas of the device is not known")]
    UnknownReplicas,
}

/// The reading's value, or why there is none that can be published.
pub(super) fn finite(reading: Reading<f64>) -> Result<f64, Why> {
    match reading {
        Reading::Value(value) if value.is_finite() => Ok(value),
        Reading::Value(_) => Err(Why::NotFinite),
        Reading::Absent(absence) => Err(Why::Absent(absence)),
    }
}
