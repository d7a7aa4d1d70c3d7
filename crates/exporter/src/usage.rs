//! What the processes of one container do on one GPU, added up.

use concertina_sources::{Absence, Reading};

/// What it means that the driver had no sample of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Silence {
    /// It did nothing, as long as another process of the container was seen at all.
    Idle,
    /// Nothing is known.
    Unknown,
}

/// A sum of readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Total {
    sum: Option<f64>,
    /// True when a part is missing without which the sum would be too small.
    incomplete: bool,
    /// Why readings gave nothing, one entry for each of them.
    pub(crate) absent: Vec<String>,
}

impl Total {
    /// The sum, when it is complete.
    pub(crate) fn value(&self) -> Option<f64> {
        self.sum.filter(|_| !self.incomplete)
    }

    pub(crate) fn add(&mut self, reading: Reading<f64>, silence: Silence) {
        match finite(reading) {
            Ok(value) => *self.sum.get_or_insert(0.0) += value,
            Err(reason) => {
                let silent = reading == Reading::Absent(Absence::NoSample);
                self.incomplete |= !(silent && silence == Silence::Idle);
                self.absent.push(reason);
            }
        }
    }
}

/// The reading's value, or why there is none that can be published.
pub(crate) fn finite(reading: Reading<f64>) -> Result<f64, String> {
    match reading {
        Reading::Value(value) if value.is_finite() => Ok(value),
        Reading::Value(_) => Err("not a finite number".to_owned()),
        Reading::Absent(absence) => Err(absence.to_string()),
    }
}
