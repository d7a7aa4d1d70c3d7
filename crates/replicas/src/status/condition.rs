//! Conditions with their reasons and messages.

use std::borrow::Cow;

use concertina_model::Timestamp;
use serde::{Deserialize, Serialize};

/// What a condition is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum ConditionType {
    /// Whether the scale can be read and written.
    AbleToScale,
    /// Whether there are metrics to scale on.
    ScalingActive,
    /// Whether a limit changed what recommendations asked for.
    ScalingLimited,
    /// Whether it was the autoscaler that chose zero replicas (gate `HPAScaleToZero`).
    ScaledToZero,
    /// One that somebody else set.
    Other(String),
}

impl ConditionType {
    /// The word as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AbleToScale => "AbleToScale",
            Self::ScalingActive => "ScalingActive",
            Self::ScalingLimited => "ScalingLimited",
            Self::ScaledToZero => "ScaledToZero",
            Self::Other(text) => text,
        }
    }
}

impl From<String> for ConditionType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "AbleToScale" => Self::AbleToScale,
            "ScalingActive" => Self::ScalingActive,
            "ScalingLimited" => Self::ScalingLimited,
            "ScaledToZero" => Self::ScaledToZero,
            _ => Self::Other(text),
        }
    }
}

impl From<ConditionType> for String {
    fn from(kind: ConditionType) -> Self {
        kind.as_str().to_owned()
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows; this is not "does not hold".
    Unknown,
}

/// A condition of a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: Cow<'static, str>,
    /// Why, for people.
    pub message: Cow<'static, str>,
    /// When its status last changed.
    pub last_transition: Timestamp,
}

impl Condition {
    pub(crate) fn new(
        kind: ConditionType,
        holds: bool,
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
        now: Timestamp,
    ) -> Self {
        Self {
            kind,
            status: if holds {
                ConditionStatus::True
            } else {
                ConditionStatus::False
            },
            reason: Cow::Borrowed(reason),
            message: message.into(),
            last_transition: now,
        }
    }
}
