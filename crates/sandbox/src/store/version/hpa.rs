//! HorizontalPodAutoscalers in `autoscaling/v1`: what that version has no field for stands in
//! annotations, in the form of v2.

use serde_json::{Map, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";

fn cpu(utilization: &Value) -> Value {
    let target = json!({"type": "Utilization", "averageUtilization": utilization});
    json!({"type": "Resource", "resource": {"name": "cpu", "target": target}})
}

/// The utilization of the first metric of CPU, its place, and where in it that stands.
fn find_cpu(list: &[Value], part: &str) -> Option<(usize, Value)> {
    list.iter().enumerate().find_map(|(place, metric)| {
        let resource = metric.get("resource")?;
        let is_cpu = resource.get("name")? == "cpu";
        let utilization = resource.get(part)?.get("averageUtilization")?;
        is_cpu.then(|| (place, utilization.clone()))
    })
}

fn annotations(object: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    let meta = object.get_mut("metadata")?.as_object_mut()?;
    let all = meta.entry("annotations").or_insert_with(|| json!({}));
    if all.is_null() {
        *all = json!({});
    }
    all.as_object_mut()
}

fn take(object: &mut Map<String, Value>, part: &str, name: &str) -> Option<Value> {
    object.get_mut(part)?.as_object_mut()?.remove(name)
}

fn put(object: &mut Map<String, Value>, part: &str, name: &str, value: Value) {
    let part = object.entry(part).or_insert_with(|| json!({}));
    if let Some(part) = part.as_object_mut() {
        part.insert(name.to_owned(), value);
    }
}

/// Moves a list with CPU in it into a field of v1 and, the rest, an annotation.
fn split(
    object: &mut Map<String, Value>,
    (part, list, of): (&str, &str, &str),
    field: &str,
    annotation: &str,
) {
    let Some(Value::Array(mut list)) = take(object, part, list) else {
        return;
    };
    if let Some((place, utilization)) = find_cpu(&list, of) {
        list.remove(place);
        put(object, part, field, utilization);
    }
    if let (false, Some(all)) = (list.is_empty(), annotations(object)) {
        all.insert(annotation.to_owned(), json!(json!(list).to_string()));
    }
}

pub(super) fn to_v1(object: &mut Map<String, Value>) {
    let spec = ("spec", "metrics", "target");
    split(object, spec, "targetCPUUtilizationPercentage", METRICS);
    let status = ("status", "currentMetrics", "current");
    split(object, status, "currentCPUUtilizationPercentage", CURRENT);
    for (part, name, annotation) in [
        ("spec", "behavior", BEHAVIOR),
        ("status", "conditions", CONDITIONS),
    ] {
        if let (Some(value), Some(all)) = (take(object, part, name), annotations(object)) {
            all.insert(annotation.to_owned(), json!(value.to_string()));
        }
    }
}

pub(super) fn to_v2(object: &mut Map<String, Value>) {
    let mut parsed = |annotation: &str| {
        let text = annotations(object)?.remove(annotation)?;
        serde_json::from_str::<Value>(text.as_str()?).ok()
    };
    let (metrics, behavior) = (parsed(METRICS), parsed(BEHAVIOR));
    let (conditions, current) = (parsed(CONDITIONS), parsed(CURRENT));
    let join = |first: Option<Value>, rest: Option<Value>| {
        let rest = rest.and_then(|rest| rest.as_array().cloned());
        let all: Vec<Value> = first
            .into_iter()
            .chain(rest.into_iter().flatten())
            .collect();
        (!all.is_empty()).then_some(Value::Array(all))
    };
    let target = take(object, "spec", "targetCPUUtilizationPercentage");
    let now = take(object, "status", "currentCPUUtilizationPercentage");
    let now = now.map(|now| {
        json!({"type": "Resource", "resource": {
            "name": "cpu", "current": {"averageUtilization": now},
        }})
    });
    for (part, name, value) in [
        ("spec", "metrics", join(target.as_ref().map(cpu), metrics)),
        ("spec", "behavior", behavior),
        ("status", "currentMetrics", join(now, current)),
        ("status", "conditions", conditions),
    ] {
        if let Some(value) = value {
            put(object, part, name, value);
        }
    }
    if let Some(Value::Object(meta)) = object.get_mut("metadata")
        && meta.get("annotations") == Some(&json!({}))
    {
        meta.remove("annotations");
    }
}
