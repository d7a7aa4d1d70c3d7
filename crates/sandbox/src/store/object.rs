//! What the API server itself writes into objects.

use concertina_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{Key, Part, Write};
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

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str)
}

/// Who must be done before an object may go.
pub(super) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    texts(object.pointer("/metadata/finalizers"))
}

/// The uids of the objects that an object belongs to.
pub(super) fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let list = object.pointer("/metadata/ownerReferences");
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|owner| owner.get("uid")?.as_str())
}

/// Whether an object that was to go lost its last finalizer.
pub(super) fn is_over(before: &Value, after: &Value) -> bool {
    !meta_text(before, "deletionTimestamp").is_empty()
        && finalizers(before).next().is_some()
        && finalizers(after).next().is_none()
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

/// What the server itself writes and takes from nobody.
const OWN: [&str; 7] = [
    "uid",
    "creationTimestamp",
    "generation",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

/// Takes out of a new object what clients cannot say.
pub(super) fn strip(object: &mut Value, kind: &Kind, applied: bool) {
    if let Some(meta) = map(object, "metadata") {
        meta.retain(|name, _| {
            !OWN.contains(&name.as_str()) && (applied || name != "managedFields")
        });
    }
    if let (true, Some(object)) = (kind.status, object.as_object_mut()) {
        object.remove("status");
    }
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

/// What a write must know of the object that it changes.
pub(super) fn preconditions(
    before: &Value,
    wanted: &Value,
    kind: &Kind,
    key: &Key,
) -> Result<(), ApiError> {
    let (resource, name) = (kind.resource(), key.name.clone());
    let asked = meta_text(wanted, "resourceVersion");
    if !asked.is_empty() && asked != meta_text(before, "resourceVersion") {
        return Err(ApiError::Conflict { resource, name });
    }
    let (asked, has) = (meta_text(wanted, "uid"), meta_text(before, "uid"));
    if !asked.is_empty() && asked != has {
        let reason =
            format!("Precondition failed: UID in precondition: {asked}, UID in object meta: {has}");
        return Err(ApiError::Precondition {
            resource,
            name,
            reason,
        });
    }
    let known: Vec<&str> = finalizers(before).collect();
    if !meta_text(before, "deletionTimestamp").is_empty()
        && finalizers(wanted).any(|finalizer| !known.contains(&finalizer))
    {
        return Err(ApiError::Invalid {
            kind: kind.kind.clone(),
            group: kind.group.clone(),
            name,
            reason: "metadata.finalizers: Forbidden: no new finalizers can be added if the object \
                     is being deleted"
                .to_owned(),
        });
    }
    Ok(())
}

/// What becomes of `before` when it is to be `wanted`.
pub(super) fn next(before: &Value, mut wanted: Value, kind: &Kind, write: &Write<'_>) -> Value {
    let keep = |wanted: &mut Value, name: &str| {
        if let Some(object) = wanted.as_object_mut() {
            match before.get(name) {
                Some(value) => object.insert(name.to_owned(), value.clone()),
                None => object.remove(name),
            };
        }
    };
    let managers = wanted.pointer("/metadata/managedFields").cloned();
    match write.part {
        Part::Status => {
            let status = wanted.get("status").cloned();
            wanted = before.clone();
            if let Some(object) = wanted.as_object_mut() {
                match status {
                    Some(status) => object.insert("status".to_owned(), status),
                    None => object.remove("status"),
                };
            }
        }
        Part::Spec if kind.status => keep(&mut wanted, "status"),
        Part::Spec | Part::Whole => {}
    }
    keep(&mut wanted, "kind");
    keep(&mut wanted, "apiVersion");
    let from = before.get("metadata");
    let deletion = |name: &str| write.part == Part::Whole && name.starts_with("deletion");
    let names = ["name", "namespace"].into_iter().chain(OWN);
    for name in names.filter(|name| !deletion(name)) {
        match from.and_then(|meta| meta.get(name)) {
            Some(value) => set_meta(&mut wanted, name, value.clone()),
            None => forget_meta(&mut wanted, name),
        }
    }
    let managers = match write.applied {
        true => managers,
        false => from.and_then(|meta| meta.get("managedFields")).cloned(),
    };
    match managers {
        Some(managers) => set_meta(&mut wanted, "managedFields", managers),
        None => forget_meta(&mut wanted, "managedFields"),
    }
    wanted
}

fn forget_meta(object: &mut Value, name: &str) {
    if let Some(Value::Object(meta)) = object.get_mut("metadata") {
        meta.remove(name);
    }
}

/// Counts the generation when what is wanted of an object changed.
pub(super) fn count_generation(before: &Value, after: &mut Value, kind: &Kind) {
    let rest = |object: &Value| {
        let map = object.as_object().cloned().unwrap_or_default();
        let apart = |name: &str| name == "metadata" || (kind.status && name == "status");
        let rest = map.into_iter().filter(|(name, _)| !apart(name));
        rest.collect::<Map<_, _>>()
    };
    let changed = match kind.custom {
        // All of a custom object but its status is what is wanted.
        Some(_) => rest(before) != rest(after),
        None => before.get("spec") != after.get("spec"),
    };
    let generation = before
        .pointer("/metadata/generation")
        .and_then(Value::as_i64);
    if let (true, Some(generation)) = (changed, generation) {
        let next = json!(generation.saturating_add(1));
        set_meta(after, "generation", next);
    }
}
