//! `metav1.Time`: RFC 3339 with whole seconds.

use concertina_model::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de, ser};

/// Writes the time as Kubernetes does; a time outside the years 1970 to 9999 is an error.
pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let text = at.to_string();
    // Outside of what RFC 3339 can hold, a timestamp shows itself as `@` and seconds.
    if text.starts_with('@') {
        return Err(ser::Error::custom(format_args!(
            "the time {text} cannot be written"
        )));
    }
    serializer.serialize_str(&text)
}

/// Reads RFC 3339 in UTC, with or without fractions of a second; `null` is the epoch.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(Timestamp::EPOCH);
    };
    let time = humantime::parse_rfc3339(&text)
        .map_err(|error| de::Error::custom(format_args!("the time {text:?}: {error}")))?;
    Ok(time.into())
}
