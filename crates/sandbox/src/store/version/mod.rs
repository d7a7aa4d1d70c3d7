//! One object in several API versions.

mod hpa;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::Kind;
use crate::kind::Table;

/// An object as the row at `place` shows it.
pub(super) fn shown(kinds: &Table, place: usize, object: &Arc<Value>) -> Arc<Value> {
    match kinds.get(place) {
        Some(kind) if !is_in(object, kind) => Arc::new(convert(kind, Value::clone(object))),
        _ => Arc::clone(object),
    }
}

/// An object as it is kept in the row at `place`.
pub(super) fn kept(kinds: &Table, place: usize, object: Value) -> Value {
    match kinds.get(place) {
        Some(kind) if !is_in(&object, kind) => convert(kind, object),
        _ => object,
    }
}

fn is_in(object: &Value, kind: &Kind) -> bool {
    let version = object.get("apiVersion").and_then(Value::as_str);
    let version = version.unwrap_or_default();
    match kind.group.as_str() {
        "" => version == kind.version,
        group => version
            .strip_prefix(group)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|version| version == kind.version),
    }
}

/// The field names of the two kinds of events: `v1` and `events.k8s.io/v1`.
const EVENT: [(&str, &str); 8] = [
    ("message", "note"),
    ("involvedObject", "regarding"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingInstance", "reportingInstance"),
];

fn convert(to: &Kind, mut object: Value) -> Value {
    let api_version = to.api_version();
    if let Some(map) = object.as_object_mut() {
        match (api_version.as_str(), to.kind.as_str()) {
            ("autoscaling/v1", "HorizontalPodAutoscaler") => hpa::to_v1(map),
            ("autoscaling/v2", "HorizontalPodAutoscaler") => hpa::to_v2(map),
            ("v1", "Event") => rename(map, EVENT.map(|(core, new)| (new, core))),
            ("events.k8s.io/v1", "Event") => rename(map, EVENT),
            // Versions of custom kinds differ in nothing else.
            _ => {}
        }
        map.insert("apiVersion".to_owned(), json!(api_version));
    }
    object
}

fn rename(map: &mut Map<String, Value>, names: [(&str, &str); 8]) {
    for (from, to) in names {
        if let Some(value) = map.remove(from) {
            map.insert(to.to_owned(), value);
        }
    }
}
