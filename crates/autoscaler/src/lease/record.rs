//! What a Lease says.

use std::time::Duration;

use concertina_model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The `spec` of a Lease of `coordination.k8s.io/v1`, as serde reads and writes it. Fields that an
/// election does not use are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseRecord {
    /// Who leads; empty when nobody does.
    #[serde(
        default,
        skip_serializing_if = "String::is_empty",
        deserialize_with = "or_default"
    )]
    pub holder_identity: String,
    /// How long others leave the lease alone when it does not change, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_duration_seconds: Option<i32>,
    /// When the holder began to lead, by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micro")]
    pub acquire_time: Option<Timestamp>,
    /// When the holder last said that it leads, by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "micro")]
    pub renew_time: Option<Timestamp>,
    /// How often the lease went from one holder to another.
    #[serde(default, deserialize_with = "or_default")]
    pub lease_transitions: i32,
}

impl LeaseRecord {
    /// How long others leave it alone: what it says, or `default` when it says nothing sensible.
    pub(super) fn duration(&self, default: Duration) -> Duration {
        match self.lease_duration_seconds.map(u64::try_from) {
            Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(seconds),
            _ => default,
        }
    }
}

/// Go's encoders write `null` for what is not set, too.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Kubernetes' MicroTime: RFC 3339 with six digits behind the point.
mod micro {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(text).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        let time = text.map(|text| text.parse().map_err(serde::de::Error::custom));
        time.transpose()
    }

    fn text(time: Timestamp) -> String {
        // Kubernetes has no times before 1970.
        let time = time.max(Timestamp::EPOCH);
        let seconds = time.to_string();
        let seconds = seconds.strip_suffix('Z').unwrap_or(&seconds);
        format!("{seconds}.{:03}000Z", time.as_millis().rem_euclid(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_kubernetes_writes_it() {
        let json = r#"{"holderIdentity":"a","leaseDurationSeconds":15,"acquireTime":"2023-11-14T22:13:20.000000Z","renewTime":"2023-11-14T22:13:21.250000Z","leaseTransitions":3}"#;
        let record: LeaseRecord = serde_json::from_str(json).unwrap();
        assert_eq!(
            record.renew_time,
            Some(Timestamp::from_millis(1_700_000_001_250))
        );
        assert_eq!(serde_json::to_string(&record).unwrap(), json);
    }

    #[test]
    fn what_is_not_set_is_absent_or_null() {
        let record: LeaseRecord = serde_json::from_str(
            r#"{"holderIdentity":null,"leaseTransitions":null,"renewTime":null,"strategy":"x"}"#,
        )
        .unwrap();
        assert_eq!(record, LeaseRecord::default());
        let default = Duration::from_secs(15);
        assert_eq!(record.duration(default), default);
        let negative = LeaseRecord {
            lease_duration_seconds: Some(-1),
            ..LeaseRecord::default()
        };
        assert_eq!(negative.duration(default), default);
    }
}
