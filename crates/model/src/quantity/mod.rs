//! Exact quantities, as Kubernetes' `resource.Quantity` counts them (apimachinery 0.36).

mod json;
mod parse;
mod text;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use num_bigint::BigInt;
use num_rational::BigRational;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

pub use parse::ParseQuantityError;

/// Nano-units in one unit.
const NANO: i128 = 1_000_000_000;
/// Nano-units in one milli-unit.
const MILLI: i128 = 1_000_000;

/// How a quantity is written: with which family of suffixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `1e3`, `1e-6`: exponents divisible by 3.
    DecimalExponent,
    /// `Ki`, `Mi`, …: powers of 1024.
    BinarySI,
    /// `n`, `u`, `m`, `k`, `M`, …: powers of 1000.
    DecimalSI,
}

/// An exact number with a scale suffix, such as `20`, `1500m` or `16Gi`.
///
/// It is a whole number of nano-units; what is finer is rounded away from zero when it is parsed,
/// as upstream does. The magnitude is limited to about 1.7 × 10²⁹ units; beyond that parsing is an
/// error and arithmetic gives `None`. (Upstream caps some texts at 2⁶³−1, and others not at all.)
///
/// Equality, order and hash go by value: `1` equals `1000m`.
///
/// ```
/// use concertina_model::Quantity;
///
/// let allocated: Quantity = "16Gi".parse().unwrap();
/// assert_eq!(allocated.value(), 17_179_869_184);
/// let load: Quantity = "11.5".parse().unwrap();
/// assert_eq!(load.to_string(), "11500m");
/// assert_eq!(load.milli_value(), 11_500);
/// assert!(load < "20".parse().unwrap());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self {
        nano: 0,
        format: Format::DecimalSI,
    };

    const fn from_nano(nano: i128, format: Format) -> Self {
        Self { nano, format }
    }

    /// From whole units.
    #[must_use]
    pub fn from_integer(units: i64, format: Format) -> Self {
        // An i64 times 10⁹ always fits.
        Self::from_nano(i128::from(units) * NANO, format)
    }

    /// From thousandths.
    #[must_use]
    pub fn from_milli(milli: i64, format: Format) -> Self {
        Self::from_nano(i128::from(milli) * MILLI, format)
    }

    /// The exact value of a float, rounded to the nearest nano-unit (ties to even), in decimal
    /// format. `None` for NaN, the infinities, and what is too large.
    ///
    /// prometheus-adapter 0.12 truncates to milli-units instead, so that 0.0009 becomes 0, and
    /// makes a number of NaN; no number is invented here.
    ///
    /// ```
    /// use concertina_model::Quantity;
    ///
    /// assert_eq!(Quantity::from_float(0.0009).unwrap().to_string(), "900u");
    /// assert_eq!(Quantity::from_float(f64::NAN), None);
    /// ```
    #[must_use]
    pub fn from_float(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let fraction = i128::from(bits & 0x000f_ffff_ffff_ffff);
        let biased = i32::try_from((bits >> 52) & 0x7ff).ok()?;
        let (mantissa, exponent) = match biased {
            0 => (fraction, -1074),
            _ => (fraction | (1 << 52), biased - 1075),
        };
        // Below 2⁸³, so there is room for 44 more bits.
        let scaled = mantissa * NANO;
        let nano = match u32::try_from(exponent) {
            Ok(up) if up <= 44 => scaled << up,
            Ok(_) => return None,
            Err(_) => round_shift(scaled, exponent.unsigned_abs()),
        };
        let nano = if value < 0.0 { -nano } else { nano };
        Some(Self::from_nano(nano, Format::DecimalSI))
    }

    /// Thousandths, rounded away from zero; held at the ends of i64.
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        saturate(divide_away(self.nano, MILLI))
    }

    /// Whole units, rounded away from zero; held at the ends of i64.
    #[must_use]
    pub fn value(&self) -> i64 {
        saturate(divide_away(self.nano, NANO))
    }

    /// A float next to the exact value: the nearest one below 2⁵³ nano-units (9 million), at most
    /// one beside it above.
    #[must_use]
    pub fn approximate_f64(&self) -> f64 {
        self.nano as f64 / 1e9
    }

    /// The exact value as a fraction.
    #[must_use]
    pub fn to_ratio(&self) -> BigRational {
        BigRational::new(BigInt::from(self.nano), BigInt::from(NANO))
    }

    /// How it is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The same value, written in another format.
    ///
    /// ```
    /// use concertina_model::{Format, Quantity};
    ///
    /// let bytes = Quantity::from_float(1_048_576.0).unwrap();
    /// assert_eq!(bytes.with_format(Format::BinarySI).to_string(), "1Mi");
    /// ```
    #[must_use]
    pub fn with_format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// True for zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// The sum, in this quantity's format, or in `other`'s when this is zero (as upstream's `Add`).
    /// `None` when it is too large.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        let nano = self.nano.checked_add(other.nano)?;
        Some(Self::from_nano(nano, self.result_format(other)))
    }

    /// The difference, in the format that [`Self::checked_add`] chooses. `None` when it is too
    /// large.
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        let nano = self.nano.checked_sub(other.nano)?;
        Some(Self::from_nano(nano, self.result_format(other)))
    }

    /// This many times the quantity, in its format. `None` when it is too large.
    ///
    /// ```
    /// # use concertina_model::Quantity;
    /// let half: Quantity = "512Mi".parse().unwrap();
    /// assert_eq!(half.checked_mul(3).unwrap().to_string(), "1536Mi");
    /// ```
    #[must_use]
    pub fn checked_mul(&self, times: i64) -> Option<Self> {
        let nano = self.nano.checked_mul(i128::from(times))?;
        Some(Self::from_nano(nano, self.format))
    }

    /// The quantity with the other sign, in its format. `None` when there is none.
    ///
    /// ```
    /// # use concertina_model::Quantity;
    /// let spare: Quantity = "250m".parse().unwrap();
    /// assert_eq!(spare.checked_neg().unwrap().to_string(), "-250m");
    /// ```
    #[must_use]
    pub fn checked_neg(&self) -> Option<Self> {
        Some(Self::from_nano(self.nano.checked_neg()?, self.format))
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn signum(&self) -> i32 {
        self.nano.cmp(&0) as i32
    }

    fn result_format(&self, other: &Self) -> Format {
        if self.is_zero() {
            other.format
        } else {
            self.format
        }
    }
}

/// `value / 2^by`, to the nearest whole number, ties to even. `value` is at least 0 and below 2⁸³.
fn round_shift(value: i128, by: u32) -> i128 {
    if by >= 100 {
        return 0;
    }
    let whole = value >> by;
    let rest = value - (whole << by);
    let half = 1_i128 << (by.max(1) - 1);
    let up = by > 0 && (rest > half || (rest == half && whole % 2 == 1));
    whole + i128::from(up)
}

fn divide_away(value: i128, by: i128) -> i128 {
    let whole = value / by;
    if value % by == 0 {
        whole
    } else {
        whole + value.signum()
    }
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl Default for Quantity {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nano.hash(state);
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// From a text (blanks around it are ignored) or a number. serde hands numbers over without
    /// their text: the value is that of [`Quantity::from_json`], and `1e3` is written `1k`, as by
    /// `kubectl`, which turns YAML into JSON. A float is taken by its shortest decimal text. Null is
    /// refused.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Quantity;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a quantity such as 20, 500m or 16Gi")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.trim().parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Quantity, E> {
                Ok(Quantity::from_integer(value, Format::DecimalSI))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Quantity, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Quantity, E> {
                self.visit_str(&value.to_string())
            }
        }
        deserializer.deserialize_any(Text)
    }
}
