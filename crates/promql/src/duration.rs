//! Durations as Prometheus writes them.

use std::time::Duration;

use nom::Parser;
use nom::character::complete::{alpha1, digit1};
use nom::multi::many1;
use nom::sequence::pair;

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no duration; write 30s, 5m or 1h30m (units y w d h m s ms, largest first)")]
pub struct ParseDurationError {
    /// The text.
    pub text: String,
}

/// Reads `30s`, `1h30m` or `0`, as `model.ParseDuration` of Prometheus 2.42 does: whole numbers,
/// each unit at most once, largest first.
///
/// # Errors
///
/// [`ParseDurationError`] for anything else, and for more than about 292 years.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(concertina_promql::parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
/// assert!(concertina_promql::parse_duration("1.5m").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let error = || ParseDurationError {
        text: text.to_owned(),
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let part = pair(digit1::<_, nom::error::Error<&str>>, alpha1);
    let (rest, parts) = many1(part).parse(text).map_err(|_| error())?;
    if !rest.is_empty() {
        return Err(error());
    }
    let mut left = UNITS.iter();
    let mut millis: u64 = 0;
    for (digits, unit) in parts {
        // Searching on from the last unit keeps the order and allows each only once.
        let (_, size) = left.find(|(name, _)| *name == unit).ok_or_else(error)?;
        let count: u64 = digits.parse().map_err(|_| error())?;
        let part = count.checked_mul(*size).ok_or_else(error)?;
        millis = millis.checked_add(part).ok_or_else(error)?;
    }
    // Upstream counts nanoseconds in an i64.
    if millis > 9_223_372_036_854 {
        return Err(error());
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration as Prometheus does: `1h30m`, `0s`; below a millisecond is cut off.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(concertina_promql::format_duration(Duration::from_secs(5400)), "1h30m");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in UNITS {
        // Years and weeks only when nothing else is left over, as upstream does.
        let whole = matches!(unit, "y" | "w");
        if left >= size && (!whole || left.is_multiple_of(size)) {
            text.push_str(&format!("{}{unit}", left / size));
            left %= size;
        }
    }
    text
}
