//! From text to quantity.

use std::str::FromStr;

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, digit0, digit1, one_of};
use nom::combinator::{eof, opt, value};
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};
use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::{Format, Quantity};

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 1024;

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseQuantityError {
    /// There is nothing.
    #[error("a quantity is empty; write a number such as 20, 500m or 16Gi")]
    Empty,
    /// It does not start with a number.
    #[error("`{text}` is no quantity: a number is expected at the start, such as 20, 500m or 16Gi")]
    NoNumber {
        /// The text.
        text: String,
    },
    /// What follows the number is no suffix.
    #[error(
        "`{text}` is no quantity: `{suffix}` (column {column}) is no suffix; known are \
         n u m k M G T P E, Ki Mi Gi Ti Pi Ei, and exponents such as e3"
    )]
    BadSuffix {
        /// The text.
        text: String,
        /// What follows the number.
        suffix: String,
        /// Where it starts, in characters from 1.
        column: usize,
    },
    /// The value is out of range.
    #[error("`{text}` is too large for a quantity")]
    TooLarge {
        /// The text.
        text: String,
    },
    /// It is JSON of another kind, or none.
    #[error("`{text}` is no quantity: a number, or a text in double quotes, is expected as JSON")]
    NotJson {
        /// The text; of a long one the beginning.
        text: String,
    },
    /// The text is out of range.
    #[error("a quantity of {bytes} bytes is too long; {LONGEST} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// What multiplies the number: 2^`binary` × 10^`decimal`.
#[derive(Clone, Copy)]
struct Scale {
    binary: u32,
    decimal: i64,
    format: Format,
}

struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

fn number(input: &str) -> IResult<&str, Number<'_>> {
    let sign = opt(one_of("+-"));
    let digits = (digit0, opt(preceded(char('.'), digit0)));
    let (rest, (sign, (whole, fraction))) = pair(sign, digits).parse(input)?;
    if whole.is_empty() && fraction.is_none() {
        return Err(nom::Err::Error(nom::error::Error::new(
            input,
            nom::error::ErrorKind::Digit,
        )));
    }
    Ok((
        rest,
        Number {
            negative: sign == Some('-'),
            whole,
            fraction: fraction.unwrap_or_default(),
        },
    ))
}

fn suffix(input: &str) -> IResult<&str, Scale> {
    let binary = |text, binary| {
        value(
            Scale {
                binary,
                decimal: 0,
                format: Format::BinarySI,
            },
            tag(text),
        )
    };
    let decimal = |text, decimal| {
        value(
            Scale {
                binary: 0,
                decimal,
                format: Format::DecimalSI,
            },
            tag(text),
        )
    };
    let exponent =
        (one_of("eE"), opt(one_of("+-")), digit1).map(|(_, sign, digits): (_, _, &str)| {
            // More digits than an i64 holds mean "very large" all the same.
            let size = digits.parse().unwrap_or(i64::MAX);
            let decimal = if sign == Some('-') { -size } else { size };
            Scale {
                binary: 0,
                decimal,
                format: Format::DecimalExponent,
            }
        });
    terminated(
        alt((
            alt((
                binary("Ki", 10),
                binary("Mi", 20),
                binary("Gi", 30),
                binary("Ti", 40),
                binary("Pi", 50),
                binary("Ei", 60),
            )),
            exponent,
            alt((
                decimal("n", -9),
                decimal("u", -6),
                decimal("m", -3),
                decimal("k", 3),
                decimal("M", 6),
                decimal("G", 9),
                decimal("T", 12),
                decimal("P", 15),
                decimal("E", 18),
                decimal("", 0),
            )),
        )),
        eof,
    )
    .parse(input)
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    /// Reads what upstream's `ParseQuantity` reads: `<sign><digits>[.<digits>]<suffix>`.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        if text.is_empty() {
            return Err(ParseQuantityError::Empty);
        }
        if text.len() > LONGEST {
            return Err(ParseQuantityError::TooLong { bytes: text.len() });
        }
        let Ok((rest, number)) = number(text) else {
            return Err(ParseQuantityError::NoNumber {
                text: text.to_owned(),
            });
        };
        let Ok((_, scale)) = suffix(rest) else {
            let before = text.len() - rest.len();
            let column = text
                .char_indices()
                .take_while(|(at, _)| *at < before)
                .count()
                + 1;
            let (text, suffix) = (text.to_owned(), rest.to_owned());
            return Err(ParseQuantityError::BadSuffix {
                text,
                suffix,
                column,
            });
        };
        // A dot alone is 0 upstream, but not in front of a binary suffix.
        if number.whole.is_empty() && number.fraction.is_empty() && scale.binary > 0 {
            return Err(ParseQuantityError::NoNumber {
                text: text.to_owned(),
            });
        }
        let nano = nano(&number, scale).ok_or_else(|| ParseQuantityError::TooLarge {
            text: text.to_owned(),
        })?;
        Ok(Self::from_nano(nano, scale.format))
    }
}

/// The nano-units of a number, rounded away from zero; `None` when there are too many.
fn nano(number: &Number<'_>, scale: Scale) -> Option<i128> {
    let places = i64::try_from(number.fraction.len()).ok()?;
    let exponent = scale.decimal.saturating_add(9).saturating_sub(places);
    let size =
        small(number, scale.binary, exponent).or_else(|| large(number, scale.binary, exponent))?;
    Some(if number.negative { -size } else { size })
}

/// The common case: everything fits 128 bits.
fn small(number: &Number<'_>, binary: u32, exponent: i64) -> Option<i128> {
    let mut mantissa: i128 = 0;
    for digit in number.whole.bytes().chain(number.fraction.bytes()) {
        mantissa = mantissa
            .checked_mul(10)?
            .checked_add(i128::from(digit.wrapping_sub(b'0')))?;
    }
    if mantissa == 0 {
        return Some(0);
    }
    let mantissa = mantissa.checked_mul(1_i128.checked_shl(binary)?)?;
    let power = 10_i128.checked_pow(u32::try_from(exponent.unsigned_abs()).ok()?)?;
    if exponent >= 0 {
        mantissa.checked_mul(power)
    } else {
        Some(mantissa / power + i128::from(mantissa % power != 0))
    }
}

/// The rest: many digits, or an exponent far out.
fn large(number: &Number<'_>, binary: u32, exponent: i64) -> Option<i128> {
    let digits = format!("{}{}", number.whole, number.fraction);
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let mantissa: BigInt = digits.parse().ok()?;
    let mantissa: BigInt = mantissa << binary;
    if exponent >= 0 {
        // 10³⁹ is above i128 whatever it multiplies.
        let power = u32::try_from(exponent).ok().filter(|power| *power < 39)?;
        return (mantissa * BigInt::from(10).pow(power)).to_i128();
    }
    // A power that is larger than the mantissa leaves less than one nano-unit, which counts as one.
    let most = u32::try_from(LONGEST + 20).ok()?;
    let power = u32::try_from(exponent.unsigned_abs())
        .unwrap_or(most)
        .min(most);
    let power = BigInt::from(10).pow(power);
    let up = &mantissa % &power != BigInt::ZERO;
    (mantissa / power + BigInt::from(u8::from(up))).to_i128()
}
