//! Times as Kubernetes' `metav1.Time` writes them, RFC 3339 with whole seconds, for
//! `#[serde(with = "concertina_model::rfc3339")]`. (A [`Timestamp`] by itself is a number of
//! milliseconds.)
//!
//! ```
//! use concertina_model::Timestamp;
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Seen {
//!     #[serde(with = "concertina_model::rfc3339")]
//!     at: Timestamp,
//! }
//!
//! let seen: Seen = serde_json::from_str(r#"{"at": "2023-11-15T01:00:00+01:00"}"#).unwrap();
//! assert_eq!(seen.at.as_millis(), 1_700_006_400_000);
//! assert_eq!(serde_json::to_string(&seen).unwrap(), r#"{"at":"2023-11-15T00:00:00Z"}"#);
//! ```

use serde::{Deserialize, Deserializer, Serializer, de, ser};

use crate::Timestamp;

/// Writes the time.
///
/// # Errors
///
/// For a time outside the years 1970 to 9999, which this form does not hold.
pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let text = at.to_string();
    // Outside of what RFC 3339 can hold, a timestamp shows itself as `@` and seconds.
    if text.starts_with('@') {
        return Err(ser::Error::custom(format_args!(
            "the time {text} cannot be written"
        )));
    }
    serializer.serialize_str(&text)
}

/// Reads the time; `null` is the epoch.
///
/// # Errors
///
/// For a text that is no such time.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    Ok(optional::deserialize(deserializer)?.unwrap_or(Timestamp::EPOCH))
}

/// The same for an `Option<Timestamp>`: None is `null`.
pub mod optional {
    use super::{Deserialize, Deserializer, Serializer, Timestamp, de};

    /// Writes the time, or `null`.
    ///
    /// # Errors
    ///
    /// For a time outside the years 1970 to 9999, which this form does not hold.
    pub fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the time, or `null`.
    ///
    /// # Errors
    ///
    /// For a text that is no such time.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let time = text.map(|text| text.parse().map_err(de::Error::custom));
        time.transpose()
    }
}
