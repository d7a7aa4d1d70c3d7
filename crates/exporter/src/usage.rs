//! What the processes of one container do on one GPU, added up.

use std::collections::BTreeMap;

use concertina_sources::{Absence, GpuReading, Reading};

use crate::{Attribution, PodRef};

/// Why a metric has no sample.
pub(crate) type Missing = &'static str;

/// The usage of a container, or of what belongs to no pod.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Usage {
    /// SM utilization in percent.
    pub(crate) sm: Total,
    /// Frame buffer memory in MiB.
    pub(crate) memory: Total,
}

/// A sum of readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Total {
    /// The sum of what was read.
    sum: Option<f64>,
    /// True when a part is missing without which the sum would be too small.
    incomplete: bool,
    /// Every reading that gave nothing.
    pub(crate) absent: Vec<String>,
}

impl Total {
    /// The sum, when it is complete.
    pub(crate) fn value(&self) -> Option<f64> {
        self.sum.filter(|_| !self.incomplete)
    }

    fn add(&mut self, reading: Reading<f64>, silence_is_idle: bool) {
        match finite(reading) {
            Ok(value) => *self.sum.get_or_insert(0.0) += value,
            Err(reason) => {
                let silent = reading == Reading::Absent(Absence::NoSample);
                self.incomplete |= !(silent && silence_is_idle);
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
