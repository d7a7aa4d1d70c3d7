//! The annotations by which old versions carry the fields of newer ones, so that an object can be
//! read and written in an old version without losing them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Hint;
use crate::api::{HorizontalPodAutoscalerBehavior, ObjectMeta};

pub(super) const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
pub(super) const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
pub(super) const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
pub(super) const TOLERANCE_UP: &str = "autoscaling.alpha.kubernetes.io/scale-up-tolerance";
pub(super) const TOLERANCE_DOWN: &str = "autoscaling.alpha.kubernetes.io/scale-down-tolerance";

const ALL: [&str; 6] = [
    METRICS,
    CURRENT_METRICS,
    CONDITIONS,
    BEHAVIOR,
    TOLERANCE_UP,
    TOLERANCE_DOWN,
];

/// The field names that the JSON of these annotations has. Go reads names in any case, and writes
/// those of `behavior` with a capital.
const NAMES: &[&str] = &[
    "type",
    "object",
    "pods",
    "resource",
    "containerResource",
    "external",
    "target",
    "kind",
    "name",
    "apiVersion",
    "metricName",
    "targetValue",
    "selector",
    "averageValue",
    "targetAverageValue",
    "targetAverageUtilization",
    "container",
    "metricSelector",
    "currentValue",
    "currentAverageValue",
    "currentAverageUtilization",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "status",
    "lastTransitionTime",
    "reason",
    "message",
    "scaleUp",
    "scaleDown",
    "stabilizationWindowSeconds",
    "selectPolicy",
    "policies",
    "tolerance",
    "value",
    "periodSeconds",
];

/// The path of an annotation in an error.
pub(super) fn path(name: &str) -> String {
    format!("metadata.annotations[{name}]")
}

/// Removes them: once read, the fields say it.
pub(super) fn drop_from(metadata: &mut ObjectMeta) {
    for name in ALL {
        metadata.annotations.remove(name);
    }
}

/// The annotations of one object.
pub(super) struct Annotations<'h> {
    texts: BTreeMap<&'static str, String>,
    hints: &'h mut Vec<Hint>,
}

impl<'h> Annotations<'h> {
    /// Moves them out of the metadata.
    pub(super) fn take(metadata: &mut ObjectMeta, hints: &'h mut Vec<Hint>) -> Self {
        let found = ALL.into_iter();
        let texts = found.filter_map(|name| Some((name, metadata.annotations.remove(name)?)));
        Self {
            texts: texts.collect(),
            hints,
        }
    }

    /// A list, if it is there and well-formed. Unknown fields in it are skipped, as the API server
    /// does.
    pub(super) fn list<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<Vec<T>> {
        self.read::<Option<Vec<T>>>(name).flatten()
    }

    pub(super) fn behavior(&mut self) -> Option<HorizontalPodAutoscalerBehavior> {
        let behavior: Option<HorizontalPodAutoscalerBehavior> = self.read(BEHAVIOR).flatten();
        behavior.filter(|behavior| *behavior != HorizontalPodAutoscalerBehavior::default())
    }

    fn read<T: DeserializeOwned>(&mut self, annotation: &'static str) -> Option<T> {
        let text = self.texts.get(annotation)?;
        let value = serde_json::from_str(text).and_then(|value| T::deserialize(known(value)));
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                let reason = error.to_string();
                self.hints.push(Hint::Malformed { annotation, reason });
                None
            }
        }
    }
}

/// The same with the names as they are written elsewhere, and without unknown and empty ones.
fn known(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(known).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(key, value)| {
                let name = NAMES.iter().find(|name| name.eq_ignore_ascii_case(&key))?;
                let value = match *name {
                    // Its keys are labels.
                    "matchLabels" => value,
                    _ => known(value),
                };
                (!value.is_null()).then(|| ((*name).to_owned(), value))
            });
            Value::Object(fields.collect())
        }
        scalar => scalar,
    }
}
