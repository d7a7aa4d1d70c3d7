//! What the API server fills in where an object says nothing.

use serde_json::{Value, json};

use crate::Kind;

/// Fills in the defaults of a kind. `number` is the new object's own; 0 for one that was there.
pub(super) fn fill(object: &mut Value, kind: &Kind, number: u64) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => {
            let rolling = json!({"maxSurge": "25%", "maxUnavailable": "25%"});
            let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
            let defaults = json!({"replicas": 1, "strategy": strategy});
            under(object, "spec", &defaults);
        }
        ("apps", "ReplicaSet" | "StatefulSet") | ("", "ReplicationController") => {
            under(object, "spec", &json!({"replicas": 1}));
        }
        ("autoscaling", "HorizontalPodAutoscaler") => {
            under(object, "spec", &json!({"minReplicas": 1}));
        }
        ("", "Pod") if number > 0 => {
            under(object, "status", &json!({"phase": "Pending"}));
        }
        ("", "Namespace") if number > 0 => {
            under(object, "status", &json!({"phase": "Active"}));
        }
        ("", "Service") => service(object, number),
        _ => {}
    }
}

/// Puts `defaults` below a part of an object, where there is nothing.
fn under(object: &mut Value, part: &str, defaults: &Value) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    let part = object.entry(part).or_insert_with(|| json!({}));
    if let (Some(part), Some(defaults)) = (part.as_object_mut(), defaults.as_object()) {
        for (name, value) in defaults {
            if part.get(name).is_none_or(Value::is_null) {
                part.insert(name.clone(), value.clone());
            }
        }
    }
}

/// A service's type, its address, and its ports.
fn service(object: &mut Value, number: u64) {
    under(
        object,
        "spec",
        &json!({"type": "ClusterIP", "sessionAffinity": "None"}),
    );
    let kind = object.pointer("/spec/type").and_then(Value::as_str);
    let kind = kind.unwrap_or_default().to_owned();
    if kind == "ExternalName" {
        return;
    }
    if number > 0 {
        let address = format!("10.96.{}.{}", number / 250 % 250, number % 250 + 1);
        under(object, "spec", &json!({"clusterIP": address}));
        let address = object.pointer("/spec/clusterIP").cloned();
        let address = address.unwrap_or_default();
        under(object, "spec", &json!({"clusterIPs": [address]}));
    }
    let ports = object.pointer_mut("/spec/ports");
    for (place, port) in ports
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let target = port.get("port").cloned().unwrap_or_default();
        let Some(port) = port.as_object_mut() else {
            continue;
        };
        port.entry("protocol").or_insert_with(|| json!("TCP"));
        port.entry("targetPort").or_insert(target);
        if number > 0 && matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            let node = (number * 16 + place as u64) % 2768 + 30_000;
            port.entry("nodePort").or_insert_with(|| json!(node));
        }
    }
}
