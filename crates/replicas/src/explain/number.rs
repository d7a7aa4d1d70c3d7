//! Numbers for people to read.

use std::fmt::{self, Display, Formatter};

use crate::options::Tolerance;

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
        f.write_str(&decimal(self.0, 4))
    }
}

/// A number with at most so many decimals.
fn decimal(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    if text == "-0" { "0" } else { text }.to_owned()
}

/// A ratio beside a tolerance: with as many decimals as it takes to see that it is not its edge.
pub(crate) struct Beside(pub(crate) f64, pub(crate) Tolerance);

impl Display for Beside {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(ratio, tolerance) = *self;
        let edges = [1.0 - tolerance.scale_down, 1.0 + tolerance.scale_up];
        let text = (4..=17)
            .map(|decimals| decimal(ratio, decimals))
            .find(|text| {
                let read: Result<f64, _> = text.parse();
                read.is_ok_and(|read| edges.iter().all(|edge| (read == *edge) == (ratio == *edge)))
            });
        f.write_str(&text.unwrap_or_else(|| decimal(ratio, 4)))
    }
}

/// `ratio × count`, and what an f64 makes of it where that lies just above a whole number and is
/// rounded up.
pub(crate) struct Product {
    pub(crate) ratio: f64,
    pub(crate) count: usize,
    /// What is counted, where that needs a word.
    pub(crate) what: &'static str,
    pub(crate) replicas: i32,
}

impl Display for Product {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (ratio, count) = (Ratio(self.ratio), self.count);
        write!(f, "{ratio} × {count}{}", self.what)?;
        let product = self.ratio * count as f64;
        let above = product - product.floor();
        if 0.0 < above && above < 1e-9 && product.ceil() == f64::from(self.replicas) {
            write!(f, " = {product}")?;
        }
        Ok(())
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
        let beside = [
            1.1,
            1.10005,
            1.100_000_000_1,
            1.123_456,
            0.9 - 1e-16,
            f64::INFINITY,
        ]
        .map(|ratio| Beside(ratio, Tolerance::default()).to_string());
        assert_eq!(
            beside,
            [
                "1.1",
                "1.10005",
                "1.1000000001",
                "1.1235",
                "0.8999999999999999",
                "inf"
            ]
        );
        let product = |ratio, count, replicas| {
            let product = Product {
                ratio,
                count,
                what: "",
                replicas,
            };
            product.to_string()
        };
        assert_eq!(product(2.2, 25, 56), "2.2 × 25 = 55.00000000000001");
        assert_eq!(product(2.2, 25, 55), "2.2 × 25");
        assert_eq!(product(1.15, 1, 2), "1.15 × 1");
    }
}
