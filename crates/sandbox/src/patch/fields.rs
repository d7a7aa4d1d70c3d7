//! Sets of fields, as `managedFields` write them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::as_map;
use crate::schema::{ListOf, Schema};

/// The way to a field: `f:NAME` for a field, `k:KEYS` for an element of a list by its keys,
/// `v:VALUE` for an element of a set.
type Way = Vec<String>;

/// Fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(pub(super) BTreeSet<Way>);

/// What the server itself writes into metadata: nobody's fields.
const SERVERS: [&str; 11] = [
    "name",
    "namespace",
    "generateName",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
];

impl Fields {
    /// The fields that an object sets.
    pub(super) fn of(object: &Value, schema: Schema<'_>) -> Self {
        let mut fields = Self::default();
        for (name, value) in object.as_object().into_iter().flatten() {
            match name.as_str() {
                "kind" | "apiVersion" => {}
                "metadata" => {
                    for (part, value) in value.as_object().into_iter().flatten() {
                        if !SERVERS.contains(&part.as_str()) {
                            let mut way = vec!["f:metadata".to_owned(), format!("f:{part}")];
                            fields.add(value, schema.field("metadata").field(part), &mut way);
                        }
                    }
                }
                name => fields.add(value, schema.field(name), &mut vec![format!("f:{name}")]),
            }
        }
        fields
    }

    fn add(&mut self, value: &Value, schema: Schema<'_>, way: &mut Way) {
        match (value, schema.list()) {
            (Value::Null, _) => {}
            (Value::Object(map), _) if !map.is_empty() => {
                for (name, value) in map {
                    way.push(format!("f:{name}"));
                    self.add(value, schema.field(name), way);
                    way.pop();
                }
            }
            (Value::Array(list), ListOf::Set) => {
                for value in list {
                    way.push(format!("v:{value}"));
                    self.0.insert(way.clone());
                    way.pop();
                }
            }
            (Value::Array(list), ListOf::Map(keys)) => {
                for element in list {
                    way.push(format!("k:{}", keys_of(element, &keys)));
                    self.0.insert(way.clone());
                    self.add(element, schema.element(), way);
                    way.pop();
                }
            }
            _ => {
                self.0.insert(way.clone());
            }
        }
    }

    /// As `fieldsV1`.
    pub(super) fn to_value(&self) -> Value {
        let mut root = json!({});
        for way in &self.0 {
            let mut at = Some(&mut root);
            for step in way {
                let map = at.and_then(as_map);
                at = map.map(|map| map.entry(step.clone()).or_insert_with(|| json!({})));
            }
            // An element is owned beside its fields.
            if way.last().is_some_and(|step| step.starts_with("k:"))
                && let Some(map) = at.and_then(as_map)
            {
                map.insert(".".to_owned(), json!({}));
            }
        }
        root
    }

    pub(super) fn from_value(value: &Value) -> Self {
        let mut fields = Self::default();
        fields.read(value, &mut Vec::new());
        fields
    }

    fn read(&mut self, value: &Value, way: &mut Way) {
        let Some(map) = value.as_object().filter(|map| !map.is_empty()) else {
            self.0.insert(way.clone());
            return;
        };
        for (step, value) in map {
            if step == "." {
                self.0.insert(way.clone());
                continue;
            }
            way.push(step.clone());
            self.read(value, way);
            way.pop();
        }
    }
}

fn keys_of(element: &Value, keys: &[String]) -> Value {
    let key = |key: &String| Some((key.clone(), element.get(key)?.clone()));
    Value::Object(keys.iter().filter_map(key).collect())
}

fn is_keyed(element: &Value, keys: &str) -> bool {
    let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
    keys.iter()
        .all(|(key, value)| element.get(key) == Some(value))
}

/// The place of an element that a step names.
fn place(list: &[Value], step: &str) -> Option<usize> {
    match step.split_once(':')? {
        ("k", keys) => list.iter().position(|element| is_keyed(element, keys)),
        (_, value) => {
            let value: Value = serde_json::from_str(value).ok()?;
            list.iter().position(|element| *element == value)
        }
    }
}

/// The value at the end of a way.
pub(super) fn get<'a>(object: &'a Value, way: &[String]) -> Option<&'a Value> {
    way.iter().try_fold(object, |at, step| match at {
        Value::Array(list) => list.get(place(list, step)?),
        at => at.get(step.strip_prefix("f:")?),
    })
}

/// Takes away what is at the end of a way, and the maps that this leaves empty.
pub(super) fn remove(object: &mut Value, way: &[String]) {
    let Some((step, rest)) = way.split_first() else {
        return;
    };
    let emptied = |value: &Value| {
        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    };
    match object {
        Value::Array(list) => {
            let Some(place) = place(list, step) else {
                return;
            };
            match (rest, list.get_mut(place)) {
                ([], _) => {
                    list.remove(place);
                }
                (rest, Some(element)) => remove(element, rest),
                _ => {}
            }
        }
        Value::Object(map) => {
            let Some(name) = step.strip_prefix("f:") else {
                return;
            };
            if let Some(value) = map.get_mut(name) {
                remove(value, rest);
                if rest.is_empty() || emptied(value) {
                    map.remove(name);
                }
            }
        }
        _ => {}
    }
}

/// As messages write it: `.spec.template.spec.containers[name="c"].image`.
pub(super) fn text(way: &[String]) -> String {
    let step = |step: &String| match step.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            format!("[{}]", keys.join(","))
        }
        Some((_, value)) => format!("[={value}]"),
        None => step.clone(),
    };
    way.iter().map(step).collect()
}
