//! Server-side apply: who wants which fields to be how.

use concertina_model::Timestamp;
use serde_json::{Value, json};

use super::fields::{self, Fields};
use super::strategic;
use crate::ApiError;
use crate::schema::Schema;
use crate::store::set_meta;

/// Who applies, and how.
#[derive(Clone, Debug)]
pub(crate) struct Applied<'a> {
    pub(crate) manager: &'a str,
    /// Takes fields from other managers.
    pub(crate) force: bool,
    pub(crate) api_version: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) now: Timestamp,
}

/// An entry of `managedFields`.
#[derive(Clone, Debug, PartialEq)]
struct Manager {
    name: String,
    apply: bool,
    api_version: String,
    subresource: String,
    time: String,
    fields: Fields,
}

fn read(object: &Value) -> Vec<Manager> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    let entry = |entry: &Value| {
        let text = |name: &str| {
            let text = entry.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Manager {
            name: text("manager"),
            apply: text("operation") == "Apply",
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            fields: Fields::from_value(entry.get("fieldsV1").unwrap_or(&Value::Null)),
        }
    };
    entries.map(entry).collect()
}

fn write(object: &mut Value, managers: Vec<Manager>) {
    let entry = |manager: &Manager| {
        let mut entry = json!({
            "manager": manager.name,
            "operation": if manager.apply { "Apply" } else { "Update" },
            "apiVersion": manager.api_version,
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": manager.fields.to_value(),
        });
        if let (false, Some(entry)) = (manager.subresource.is_empty(), entry.as_object_mut()) {
            entry.insert("subresource".to_owned(), json!(manager.subresource));
        }
        entry
    };
    let kept = managers
        .iter()
        .filter(|manager| !manager.fields.0.is_empty());
    let entries: Vec<Value> = kept.map(entry).collect();
    set_meta(object, "managedFields", entries.into());
}

impl Applied<'_> {
    fn manager(&self, apply: bool) -> Manager {
        Manager {
            name: self.manager.to_owned(),
            apply,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
            time: self.now.to_string(),
            fields: Fields::default(),
        }
    }

    fn is(&self, manager: &Manager, apply: bool) -> bool {
        manager.apply == apply
            && manager.name == self.manager
            && manager.subresource == self.subresource
    }

    /// What becomes of an object (null for none) when `config` is applied to it.
    ///
    /// Fields that the manager applied before and does not name any more go away, unless somebody
    /// else has them, too.
    pub(crate) fn change(
        &self,
        before: &Value,
        config: &Value,
        schema: Schema<'_>,
    ) -> Result<Value, ApiError> {
        let wanted = Fields::of(config, schema);
        let mut managers = read(before);
        if managers.is_empty() && before.is_object() {
            // What was there before the first apply belongs to whoever made it.
            let mut first = self.manager(false);
            first.name = "before-first-apply".to_owned();
            first.subresource.clear();
            first.fields = Fields::of(before, schema);
            managers.push(first);
        }
        let mut conflicts = Vec::new();
        for other in managers.iter_mut().filter(|other| !self.is(other, true)) {
            let differs = |way: &&Vec<String>| fields::get(before, way) != fields::get(config, way);
            let taken = wanted.0.intersection(&other.fields.0).filter(differs);
            // An element of a list is no value of its own: its fields are.
            let taken = taken.filter(|way| way.last().is_some_and(|step| !step.starts_with("k:")));
            let taken: Vec<Vec<String>> = taken.cloned().collect();
            for way in taken {
                let with = format!("\"{}\" using {}", other.name, other.api_version);
                conflicts.push((with, fields::text(&way)));
                other.fields.0.remove(&way);
            }
        }
        if !conflicts.is_empty() && !self.force {
            return Err(ApiError::ApplyConflict { conflicts });
        }
        let place = managers.iter().position(|manager| self.is(manager, true));
        let mut own = match place {
            Some(place) => managers.remove(place),
            None => self.manager(true),
        };
        let mut object = before.clone();
        let elsewhere = |way: &Vec<String>| managers.iter().any(|m| m.fields.0.contains(way));
        // An element comes before what it holds, and goes with it.
        for way in own.fields.0.difference(&wanted.0) {
            let held = |known: &&Vec<String>| known.starts_with(way);
            let holds = managers.iter().any(|m| m.fields.0.iter().any(|f| held(&f)))
                || wanted.0.iter().any(|f| held(&f));
            if !elsewhere(way) && !holds {
                fields::remove(&mut object, way);
            }
        }
        strategic::merge(&mut object, &without_nulls(config), schema)?;
        if own.fields != wanted {
            own.time = self.now.to_string();
        }
        own.fields = wanted;
        managers.insert(place.unwrap_or(0).min(managers.len()), own);
        write(&mut object, managers);
        Ok(object)
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect()
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Notes who changed what by other ways than apply. As long as nothing was ever applied to an
/// object, nobody's fields are noted.
pub(crate) fn observe(by: &Applied<'_>, before: &Value, after: &mut Value, schema: Schema<'_>) {
    let mut managers = read(before);
    if managers.is_empty() {
        return;
    }
    let (had, has) = (Fields::of(before, schema), Fields::of(after, schema));
    let changed = |way: &&Vec<String>| fields::get(before, way) != fields::get(after, way);
    let leaf = |way: &&Vec<String>| way.last().is_some_and(|step| !step.starts_with("k:"));
    let new = |way: &&Vec<String>| !had.0.contains(*way);
    let mine = has
        .0
        .iter()
        .filter(|way| changed(way) && (leaf(way) || new(way)));
    let mine: Vec<Vec<String>> = mine.cloned().collect();
    if mine.is_empty() && had == has {
        return;
    }
    let place = managers.iter().position(|manager| by.is(manager, false));
    let mut own = match place {
        Some(place) => managers.remove(place),
        None => by.manager(false),
    };
    for other in managers.iter_mut().chain([&mut own]) {
        other
            .fields
            .0
            .retain(|way| has.0.contains(way) && !mine.contains(way));
    }
    if !mine.is_empty() {
        own.time = by.now.to_string();
        own.fields.0.extend(mine);
    }
    managers.insert(place.unwrap_or(managers.len()).min(managers.len()), own);
    write(after, managers);
}
