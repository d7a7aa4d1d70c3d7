//! The subresource `scale`, `autoscaling/v1`.

use concertina_model::{LabelSelector, LabelSelectorObject};
use serde_json::{Value, json};

use crate::patch::merge;
use crate::store::meta_text;
use crate::{ApiError, ScalePaths};

/// The scale of an object.
pub(super) fn of(object: &Value, paths: &ScalePaths) -> Value {
    let meta = |name: &str| object.get("metadata").and_then(|meta| meta.get(name));
    let number = |path: &str| object.pointer(path).and_then(Value::as_i64);
    let selector = paths.selector.as_ref();
    let selector = selector.and_then(|path| object.pointer(path));
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": meta("name"),
            "namespace": meta("namespace"),
            "uid": meta("uid"),
            "resourceVersion": meta("resourceVersion"),
            "creationTimestamp": meta("creationTimestamp"),
        },
        "spec": {"replicas": number(&paths.replicas).unwrap_or(0)},
        "status": {
            "replicas": number(&paths.current).unwrap_or(0),
            "selector": selector.map(text).unwrap_or_default(),
        },
    })
}

/// A selector as text: one that is text, a LabelSelector, or a plain map of labels.
fn text(selector: &Value) -> String {
    if let Value::String(text) = selector {
        return text.clone();
    }
    let object = serde_json::from_value::<LabelSelectorObject>(selector.clone());
    let read = object
        .ok()
        .and_then(|object| LabelSelector::try_from(&object).ok());
    let labels = || {
        let labels = selector.as_object().into_iter().flatten();
        let label = |(name, value): (&String, &Value)| Some(format!("{name}={}", value.as_str()?));
        labels.filter_map(label).collect::<Vec<_>>().join(",")
    };
    read.map_or_else(labels, |read| read.to_string())
}

/// The object whose scale is to be this one.
pub(super) fn put(before: &Value, paths: &ScalePaths, scale: &Value) -> Result<Value, ApiError> {
    let replicas = replicas(before, scale)?;
    let mut object = before.clone();
    let revision = meta_text(scale, "resourceVersion");
    let mut change = json!({"metadata": {"resourceVersion": revision}});
    merge(&mut change, &config(paths, replicas));
    merge(&mut object, &change);
    Ok(object)
}

/// The replicas that a scale wants of an object.
pub(super) fn replicas(object: &Value, scale: &Value) -> Result<i64, ApiError> {
    let wanted = scale.pointer("/spec/replicas");
    let wanted = wanted.map_or(Some(0), Value::as_i64);
    let fits = |replicas: &i64| (0..=i64::from(i32::MAX)).contains(replicas);
    wanted.filter(fits).ok_or_else(|| ApiError::Invalid {
        kind: "Scale".to_owned(),
        group: "autoscaling".to_owned(),
        name: meta_text(object, "name").to_owned(),
        reason: format!(
            "spec.replicas: Invalid value: {}: must be greater than or equal to 0",
            scale.pointer("/spec/replicas").unwrap_or(&Value::Null)
        ),
    })
}

/// An object that says nothing but how many replicas there shall be.
pub(super) fn config(paths: &ScalePaths, replicas: i64) -> Value {
    let steps = paths.replicas.split('/').filter(|step| !step.is_empty());
    let steps: Vec<&str> = steps.collect();
    steps
        .iter()
        .rfold(json!(replicas), |value, step| json!({*step: value}))
}
