//! What the API server itself writes into objects.

use concertina_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{Key, Part};
use crate::{ApiError, Kind};

/// A text of an object's metadata; empty when there is none.
pub(crate) fn meta_text<'a>(object: &'a Value, name: &str) -> &'a str {
    let meta = object.get("metadata").and_then(|meta| meta.get(name));
    meta.and_then(Value::as_str).unwrap_or_default()
}

/// Sets a field of an object's metadata.
pub(crate) fn set_meta(object: &mut Value, name: &str, value: Value) {
    if let Some(meta) = map(object, "metadata") {
        meta.insert(name.to_owned(), value);
    }
}

/// A map inside an object, made if it is not there.
fn map<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let object = object.as_object_mut()?;
    let inner = object.entry(name).or_insert_with(|| json!({}));
    if inner.is_null() {
        *inner = json!({});
    }
    inner.as_object_mut()
}

/// Fills in what a new object does not say itself.
pub(super) fn complete(
    object: &mut Value,
    kind: &Kind,
    key: &Key,
    number: u64,
    now: Timestamp,
) -> Result<(), ApiError> {
    let uid = json!(format!("00000000-0000-4000-8000-{number:012x}"));
    let Some(meta) = map(object, "metadata") else {
        let what = "an object is a JSON object whose metadata is one, too";
        return Err(ApiError::BadRequest(what.to_owned()));
    };
    meta.insert("name".to_owned(), json!(key.name));
    if kind.namespaced {
        meta.insert("namespace".to_owned(), json!(key.namespace));
    }
    let mut missing = |name: &str, value: Value| {
        if meta.get(name).is_none_or(Value::is_null) {
            meta.insert(name.to_owned(), value);
        }
    };
    missing("uid", uid);
    missing("creationTimestamp", json!(now.to_string()));
    let spec = object.get("spec").is_some();
    if let Some(object) = object.as_object_mut() {
        object.insert("kind".to_owned(), json!(kind.kind));
        object.insert("apiVersion".to_owned(), json!(kind.api_version()));
    }
    if spec && object.pointer("/metadata/generation").is_none() {
        set_meta(object, "generation", json!(1));
    }
    Ok(())
}

/// What becomes of `before` when it is to be `wanted`.
pub(super) fn next(before: &Value, mut wanted: Value, kind: &Kind, part: Part) -> Value {
    let keep = |wanted: &mut Value, name: &str| {
        if let Some(object) = wanted.as_object_mut() {
            match before.get(name) {
                Some(value) => object.insert(name.to_owned(), value.clone()),
                None => object.remove(name),
            };
        }
    };
    match part {
        Part::Status => {
            let status = wanted.get("status").cloned();
            wanted = before.clone();
            if let (Some(object), Some(status)) = (wanted.as_object_mut(), status) {
                object.insert("status".to_owned(), status);
            }
        }
        Part::Spec if kind.status => keep(&mut wanted, "status"),
        Part::Spec | Part::Whole => {}
    }
    keep(&mut wanted, "kind");
    keep(&mut wanted, "apiVersion");
    for name in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "resourceVersion",
    ] {
        if let Some(value) = before.get("metadata").and_then(|meta| meta.get(name)) {
            set_meta(&mut wanted, name, value.clone());
        }
    }
    let generation = before
        .pointer("/metadata/generation")
        .and_then(Value::as_i64);
    if before.get("spec") != wanted.get("spec")
        && let Some(generation) = generation
    {
        set_meta(
            &mut wanted,
            "generation",
            json!(generation.saturating_add(1)),
        );
    }
    wanted
}

/// RFC 7396: `patch` goes over `object`, null removes.
pub(crate) fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    let Some(object) = object.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
