//! Strategic merge patch: lists whose elements have names are merged element by element.

use serde_json::{Map, Value};

use super::as_map;
use crate::ApiError;
use crate::schema::{ListOf, Schema};

const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// What a patch orders for the whole of a map or for an element of a list.
fn directive(patch: &Value) -> Option<&str> {
    patch.get("$patch").and_then(Value::as_str)
}

/// A value without directives, as it stands where nothing was.
fn plain(patch: &Value) -> Value {
    match patch {
        Value::Object(map) => {
            let kept = map
                .iter()
                .filter(|(name, value)| !name.starts_with('$') && !value.is_null());
            kept.map(|(name, value)| (name.clone(), plain(value)))
                .collect()
        }
        Value::Array(list) => {
            let kept = list
                .iter()
                .filter(|element| directive(element) != Some("delete"));
            kept.map(plain).collect()
        }
        other => other.clone(),
    }
}

/// Lets `patch` go over `object`; null removes.
pub(super) fn merge(object: &mut Value, patch: &Value, schema: Schema<'_>) -> Result<(), ApiError> {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return Ok(());
    };
    let Some(map) = as_map(object) else {
        return Ok(());
    };
    match patch.get("$patch").and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            *object = plain(&Value::Object(patch.clone()));
            return Ok(());
        }
        Some("delete") => {
            map.clear();
            return Ok(());
        }
        Some(other) => {
            let what = format!("$patch: `{other}` is none of merge, replace, delete");
            return Err(ApiError::BadRequest(what));
        }
    }
    if let Some(Value::Array(retained)) = patch.get("$retainKeys") {
        map.retain(|name, _| retained.iter().any(|kept| kept == name));
    }
    for (name, value) in patch {
        if let Some(of) = name.strip_prefix(DELETE) {
            delete_values(map, of, value);
        }
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        let within = schema.field(name);
        match value {
            Value::Null => {
                map.remove(name);
            }
            Value::Object(_) if directive(value) == Some("delete") => {
                map.remove(name);
            }
            Value::Object(_) => {
                let place = map.entry(name.clone()).or_insert(Value::Null);
                merge(place, value, within)?;
            }
            Value::Array(list) => {
                let place = map.entry(name.clone()).or_insert(Value::Null);
                merge_list(place, list, within)?;
            }
            other => {
                map.insert(name.clone(), other.clone());
            }
        }
    }
    for (name, order) in patch {
        if let (Some(of), Value::Array(order)) = (name.strip_prefix(ORDER), order)
            && let Some(Value::Array(list)) = map.get_mut(of)
        {
            let keys = match schema.field(of).list() {
                ListOf::Map(keys) => keys,
                ListOf::Set | ListOf::Atomic => Vec::new(),
            };
            let place = |element: &Value| {
                let found = order.iter().position(|wanted| same(wanted, element, &keys));
                found.unwrap_or(usize::MAX)
            };
            list.sort_by_key(place);
        }
    }
    Ok(())
}

fn delete_values(map: &mut Map<String, Value>, of: &str, values: &Value) {
    if let (Some(Value::Array(list)), Value::Array(values)) = (map.get_mut(of), values) {
        list.retain(|value| !values.contains(value));
    }
}

/// Whether two elements of a list are the same one: their fields `keys` are equal; without keys,
/// they are.
pub(super) fn same(one: &Value, other: &Value, keys: &[String]) -> bool {
    match keys {
        [] => one == other,
        keys => keys.iter().all(|key| one.get(key) == other.get(key)),
    }
}

fn merge_list(place: &mut Value, patch: &[Value], schema: Schema<'_>) -> Result<(), ApiError> {
    let keys = match schema.list() {
        ListOf::Atomic => {
            *place = patch.iter().map(plain).collect();
            return Ok(());
        }
        ListOf::Set => Vec::new(),
        ListOf::Map(keys) => keys,
    };
    let orders_all = |element: &Value| directive(element) == Some("replace");
    if patch.iter().any(orders_all) {
        let rest = patch.iter().filter(|element| !orders_all(element));
        *place = rest.map(plain).collect();
        return Ok(());
    }
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    let Value::Array(list) = place else {
        return Ok(());
    };
    for element in patch {
        let found = list.iter().position(|known| same(known, element, &keys));
        if directive(element) == Some("delete") {
            list.retain(|known| !same(known, element, &keys));
            continue;
        }
        match found.and_then(|found| list.get_mut(found)) {
            Some(known) => merge(known, element, schema.element())?,
            None => list.push(plain(element)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn merged(object: Value, patch: &Value) -> String {
        let mut object = object;
        merge(&mut object, patch, Schema::Known("PodSpec")).unwrap();
        object.to_string()
    }

    #[test]
    fn lists_are_merged_by_their_elements_names() {
        let spec = json!({
            "containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}],
            "tolerations": [{"key": "old"}],
            "nodeSelector": {"gpu": "yes"},
        });
        let patch = json!({
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [
                {"name": "a", "image": "2", "args": ["y"]},
                {"name": "b", "$patch": "delete"},
                {"name": "c", "env": [{"name": "E", "value": "1"}]},
            ],
            "tolerations": [{"key": "new"}],
            "nodeSelector": {"gpu": null, "zone": "z"},
        });
        insta::assert_snapshot!(merged(spec, &patch), @r#"{"containers":[{"env":[{"name":"E","value":"1"}],"name":"c"},{"args":["y"],"image":"2","name":"a"}],"nodeSelector":{"zone":"z"},"tolerations":[{"key":"new"}]}"#);
    }

    #[test]
    fn directives_go_before_values() {
        let spec = json!({
            "containers": [{"name": "a"}],
            "securityContext": {"runAsUser": 1, "fsGroup": 2},
            "nodeSelector": {"a": "1", "b": "2"},
            "affinity": {"podAffinity": {}},
        });
        let patch = json!({
            "containers": [{"$patch": "replace"}, {"name": "z"}],
            "securityContext": {"$patch": "replace", "runAsUser": 3},
            "nodeSelector": {"$retainKeys": ["b"], "b": "3"},
            "affinity": {"$patch": "delete"},
        });
        insta::assert_snapshot!(merged(spec, &patch), @r#"{"containers":[{"name":"z"}],"nodeSelector":{"b":"3"},"securityContext":{"runAsUser":3}}"#);
        let set = json!({"finalizers": ["a", "b"]});
        let patch = json!({"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c", "b"]});
        let mut object = set;
        merge(&mut object, &patch, Schema::Known("ObjectMeta")).unwrap();
        assert_eq!(object, json!({"finalizers": ["b", "c"]}));
        let wrong = merge(&mut object, &json!({"$patch": "x"}), Schema::Any);
        insta::assert_snapshot!(wrong.unwrap_err(), @"$patch: `x` is none of merge, replace, delete");
    }
}
