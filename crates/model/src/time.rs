//! Points in time, in milliseconds, as Prometheus and the decisions count them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, negative before it.
///
/// Arithmetic saturates, so no input can make it overflow.
///
/// ```
/// use concertina_model::Timestamp;
/// use std::time::Duration;
///
/// let start = Timestamp::from_millis(1_700_006_400_000);
/// let later = start.saturating_add(Duration::from_secs(300));
/// assert_eq!(later.saturating_duration_since(start), Duration::from_secs(300));
/// assert_eq!(start.to_string(), "2023-11-15T00:00:00Z");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch, rounded to the nearest millisecond as Prometheus does.
    ///
    /// `None` when the value is not finite or does not fit.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Option<Self> {
        let millis = (seconds * 1000.0).round();
        // Every f64 strictly inside these bounds converts to an i64 without saturating.
        (millis > -9.2e18 && millis < 9.2e18).then_some(Self(millis as i64))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// This point moved later by `by`.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// This point moved earlier by `by`.
    #[must_use]
    pub fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        let millis = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(millis(after)),
            Err(before) => Self(millis(before.duration()).saturating_neg()),
        }
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with whole seconds, as Kubernetes' `metav1.Time`; times outside the years
    /// 1970 to 9999 are shown as `@` and seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = 253_402_300_799;
        match u64::try_from(self.0.div_euclid(1000)) {
            Ok(seconds) if seconds <= last => {
                let time = UNIX_EPOCH + Duration::from_secs(seconds);
                write!(f, "{}", humantime::format_rfc3339_seconds(time))
            }
            _ => write!(f, "@{}", self.as_secs_f64()),
        }
    }
}

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no time; write it as 2023-11-15T00:00:00Z")]
pub struct ParseTimestampError {
    /// The text.
    pub text: String,
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// RFC 3339 from 1970 on, with or without fractions of a second, in UTC (`Z`) or with an offset
    /// (`+02:00`).
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        read(text).ok_or_else(|| ParseTimestampError {
            text: text.to_owned(),
        })
    }
}

fn read(text: &str) -> Option<Timestamp> {
    let (local, offset_minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(local) => (local, 0),
        None => {
            // `+02:00`: six characters, after a `T` that no date before it has.
            let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let minutes = two_digits(hours, 23)? * 60 + two_digits(minutes, 59)?;
            match offset.as_bytes().first()? {
                b'+' => (local, minutes),
                b'-' => (local, -minutes),
                _ => return None,
            }
        }
    };
    let time = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let millis = Timestamp::from(time).as_millis();
    Some(Timestamp(millis - offset_minutes * 60_000))
}

fn two_digits(text: &str, most: i64) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|value| digits && *value <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_read() {
        let read = |text: &str| text.parse().map(Timestamp::as_millis).ok();
        for (text, millis) in [
            ("2015-07-01T20:10:51.781Z", 1_435_781_451_781),
            ("2015-07-01T22:10:51.781+02:00", 1_435_781_451_781),
            ("2015-07-01T17:40:51-02:30", 1_435_781_451_000),
        ] {
            assert_eq!(read(text), Some(millis), "{text}");
        }
        for text in [
            "",
            "now",
            "2015-07-01",
            "2015-07-01T20:10:51",
            "2015-07-01T20:10:51+2:00",
            "2015-07-01T20:10:51+24:00",
            "é+02:00",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.saturating_add(Duration::MAX), end);
        assert_eq!(
            Timestamp::EPOCH.saturating_duration_since(end),
            Duration::ZERO
        );
        let longest = end.saturating_duration_since(Timestamp::from_millis(i64::MIN));
        assert_eq!(longest, Duration::from_millis(u64::MAX));
    }

    #[test]
    fn text_is_rfc3339_where_it_can_be() {
        assert_eq!(
            Timestamp::from_millis(999).to_string(),
            "1970-01-01T00:00:00Z"
        );
        assert_eq!(Timestamp::from_millis(-1).to_string(), "@-0.001");
        assert!(
            Timestamp::from_millis(i64::MAX)
                .to_string()
                .starts_with('@')
        );
    }

    #[test]
    fn seconds_are_rounded_to_milliseconds() {
        assert_eq!(Timestamp::from_secs_f64(1.0006), Some(Timestamp(1001)));
        assert_eq!(Timestamp::from_secs_f64(f64::NAN), None);
        assert_eq!(Timestamp::from_secs_f64(1e300), None);
    }
}
