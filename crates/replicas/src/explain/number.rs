//! Numbers for people to read.

use std::fmt::{self, Display, Formatter};

/// Thousandths as a decimal number.
pub(crate) struct Milli(pub(crate) i64);

impl Display for Milli {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, (self.0 % 1000).unsigned_abs());
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        let text = format!("{sign}{whole}.{rest:03}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// At most four decimals: a ratio is read, not calculated with.
pub(crate) struct Ratio(pub(crate) f64);

impl Display for Ratio {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.0);
        let text = match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        };
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

/// The edge of a tolerance: two decimals, or more where it has more.
pub(crate) struct Bound(pub(crate) f64);

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let precise = Ratio(self.0).to_string();
        let plain = format!("{:.2}", self.0);
        f.write_str(if precise.len() > plain.len() {
            &precise
        } else {
            &plain
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let milli = [0, 1, -1, 23_000, -1500, 10, i64::MIN].map(|n| Milli(n).to_string());
        let ratios =
            [0.0, 1.15, -0.000_001, 100.0, 2.0 / 3.0, f64::NAN].map(|r| Ratio(r).to_string());
        let bounds = [1.1, 0.9, 1.0, 1.001].map(|b| Bound(b).to_string());
        assert_eq!(
            milli,
            [
                "0",
                "0.001",
                "-0.001",
                "23",
                "-1.5",
                "0.01",
                "-9223372036854775.808"
            ]
        );
        assert_eq!(ratios, ["0", "1.15", "0", "100", "0.6667", "NaN"]);
        assert_eq!(bounds, ["1.10", "0.90", "1.00", "1.001"]);
    }
}
