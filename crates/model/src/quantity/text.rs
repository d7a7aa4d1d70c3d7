//! From quantity to canonical text.

use std::fmt;

use super::{Format, NANO, Quantity};

const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl fmt::Display for Quantity {
    /// The canonical text: no fraction, and the largest suffix that leaves a whole number. Binary
    /// values are shown in decimal when they are fractional or below 1024, as upstream does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nano = self.nano;
        if nano == 0 {
            return f.write_str("0");
        }
        match self.format {
            Format::BinarySI if nano % NANO == 0 && nano.abs() >= 1024 * NANO => {
                let (count, steps) = reduce(nano / NANO, 1024, BINARY.len() - 1);
                write!(f, "{count}{}", BINARY.get(steps).unwrap_or(&""))
            }
            Format::BinarySI | Format::DecimalSI => {
                let (count, steps) = reduce(nano, 1000, DECIMAL.len() - 1);
                write!(f, "{count}{}", DECIMAL.get(steps).unwrap_or(&""))
            }
            Format::DecimalExponent => {
                let (count, steps) = reduce(nano, 1000, usize::MAX);
                match steps {
                    3 => write!(f, "{count}"),
                    // At most 13 steps fit into 128 bits.
                    _ => write!(f, "{count}e{}", 3 * i64::try_from(steps).unwrap_or(0) - 9),
                }
            }
        }
    }
}

/// Divides by `base` as long as nothing is lost, at most `most` times.
fn reduce(mut value: i128, base: i128, most: usize) -> (i128, usize) {
    let mut steps = 0;
    while steps < most && value % base == 0 {
        value /= base;
        steps += 1;
    }
    (value, steps)
}
