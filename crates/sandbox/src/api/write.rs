//! Writing: create, update, patch and delete.

use std::sync::Arc;

use concertina_http::Body;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::answer;
use super::read::{Query, scale};
use crate::store::{Key, Part, merge, meta_text};
use crate::{ApiError, Sandbox};

const PATCHES: &str = "application/merge-patch+json, application/strategic-merge-patch+json";

pub(super) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::BadRequest(format!("the body is no JSON: {error}")))?;
    match parsed.is_object() {
        true => Ok(parsed),
        false => Err(ApiError::BadRequest(
            "the body is no JSON object".to_owned(),
        )),
    }
}

/// Creates an object in a collection.
pub(super) fn create(
    sandbox: &Sandbox,
    kind: usize,
    namespace: Option<&str>,
    query: &Query,
    body: &[u8],
) -> Result<Response<Body>, ApiError> {
    let object = parse(body)?;
    let mut name = meta_text(&object, "name").to_owned();
    if name.is_empty() {
        let prefix = meta_text(&object, "generateName");
        if prefix.is_empty() {
            let what = "name or generateName is required";
            return Err(ApiError::BadRequest(what.to_owned()));
        }
        let revision = *sandbox.shared.store.newest().borrow();
        name = format!("{prefix}{revision:05x}");
    }
    let key = Key {
        kind,
        namespace: namespace.unwrap_or_default().to_owned(),
        name,
    };
    let kind = sandbox.shared.store.kind(&key)?;
    if kind.namespaced && namespace.is_none() {
        return Err(ApiError::Method);
    }
    let own = meta_text(&object, "namespace");
    if !own.is_empty() && own != key.namespace {
        let what = "the namespace of the object does not match the namespace of the request";
        return Err(ApiError::BadRequest(what.to_owned()));
    }
    if !query.get("dryRun").is_empty() {
        return Ok(answer(StatusCode::CREATED, &object));
    }
    let created = sandbox.shared.store.create(&key, object)?;
    Ok(answer(StatusCode::CREATED, &created))
}

/// Updates or patches an object or a subresource.
pub(super) fn change(
    sandbox: &Sandbox,
    key: &Key,
    subresource: &str,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>, ApiError> {
    let kind = sandbox.shared.store.kind(key)?;
    let given = parse(body)?;
    let patch = *method == Method::PATCH;
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default();
    if patch && !PATCHES.split(", ").any(|known| media.starts_with(known)) {
        return Err(ApiError::UnsupportedMedia(PATCHES));
    }
    let wanted = |before: &Value| match patch {
        true => {
            let mut wanted = before.clone();
            merge(&mut wanted, &given);
            wanted
        }
        false => given.clone(),
    };
    let store = &sandbox.shared.store;
    let changed = match subresource {
        "" => store.update(key, Part::Spec, |before| Ok(wanted(before)))?,
        "status" if kind.status => store.update(key, Part::Status, |before| Ok(wanted(before)))?,
        "scale" if kind.scale => {
            let changed = store.update(key, Part::Spec, |before| {
                let scale = wanted(&scale(before));
                let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64);
                let replicas = replicas.filter(|replicas| *replicas >= 0).ok_or_else(|| {
                    ApiError::BadRequest("spec.replicas must be 0 or more".to_owned())
                })?;
                let mut object = before.clone();
                let revision = meta_text(&scale, "resourceVersion");
                let change = json!({
                    "metadata": {"resourceVersion": revision},
                    "spec": {"replicas": replicas},
                });
                merge(&mut object, &change);
                Ok(object)
            })?;
            Arc::new(scale(&changed))
        }
        _ => return Err(ApiError::NoSuchPath),
    };
    Ok(answer(StatusCode::OK, &changed))
}

pub(super) fn delete(
    sandbox: &Sandbox,
    key: &Key,
    subresource: &str,
) -> Result<Response<Body>, ApiError> {
    if !subresource.is_empty() {
        return Err(ApiError::Method);
    }
    let gone = sandbox.shared.store.delete(key)?;
    let kind = sandbox.shared.store.kind(key)?;
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {
            "name": key.name,
            "group": kind.group,
            "kind": kind.plural,
            "uid": meta_text(&gone, "uid"),
        },
    });
    Ok(answer(StatusCode::OK, &status))
}

/// Deletes all selected objects of a collection.
pub(super) fn delete_all(
    sandbox: &Sandbox,
    kind: usize,
    namespace: Option<&str>,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let selection = query.selection()?;
    let store = &sandbox.shared.store;
    let (objects, _) = store.list(kind, namespace);
    for object in objects.iter().filter(|object| selection.matches(object)) {
        let key = Key {
            kind,
            namespace: meta_text(object, "namespace").to_owned(),
            name: meta_text(object, "name").to_owned(),
        };
        // Somebody else may have been faster.
        let _ = store.delete(&key);
    }
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    Ok(answer(StatusCode::OK, &status))
}
