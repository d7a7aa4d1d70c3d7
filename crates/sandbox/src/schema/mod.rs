//! What is known of the fields of objects: for built-in kinds by a table of types, for custom ones
//! by the schema of their definition.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::Kind;

/// A field of a type of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// Its type, as the table writes it.
    pub(crate) of: &'static str,
}

static TYPES: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let lines = include_str!("types.txt").lines();
    let types = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let field = |word: &'static str| {
            let (name, of) = word.split_once(':')?;
            Some(Field {
                name: name.trim_end_matches('!'),
                required: name.ends_with('!'),
                of,
            })
        };
        (name, words.filter_map(field).collect())
    });
    types.collect()
});

/// The fields of a type of the table.
pub(crate) fn fields(of: &str) -> Option<&'static [Field]> {
    TYPES.get(of).map(Vec::as_slice)
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schema<'a> {
    /// Of a type of the table, as it writes it.
    Known(&'a str),
    /// By a schema of a definition.
    Custom(&'a Value),
    /// Nothing.
    Any,
}

/// How a list is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListOf {
    /// As a whole.
    Atomic,
    /// As a set of its values.
    Set,
    /// Element by element: those are the same whose fields of these names are.
    Map(Vec<String>),
}

impl<'a> Schema<'a> {
    /// Of the objects of a kind.
    pub(crate) fn of(kind: &'a Kind) -> Self {
        if let Some(custom) = &kind.custom {
            return Self::Custom(&custom.schema);
        }
        let name = format!("{}/{}", kind.api_version(), kind.kind);
        let known = TYPES.get_key_value(name.as_str());
        known.map_or(Self::Any, |(name, _)| Self::Known(name))
    }

    /// Of a field of a map.
    pub(crate) fn field(self, name: &str) -> Self {
        match self {
            Self::Known(of) => match of.strip_prefix('{') {
                Some(of) => Self::Known(of),
                None => {
                    let found = fields(of).and_then(|all| all.iter().find(|f| f.name == name));
                    found.map_or(Self::Any, |field| Self::Known(field.of))
                }
            },
            Self::Custom(schema) => {
                let property = schema.get("properties").and_then(|all| all.get(name));
                match property.or_else(|| schema.get("additionalProperties")) {
                    // Custom objects have the metadata that all objects have.
                    found
                        if name == "metadata"
                            && found.is_none_or(|found| found.get("properties").is_none()) =>
                    {
                        Self::Known("ObjectMeta")
                    }
                    Some(schema) => Self::Custom(schema),
                    None => Self::Any,
                }
            }
            Self::Any if name == "metadata" => Self::Known("ObjectMeta"),
            Self::Any => Self::Any,
        }
    }

    /// Of the elements of a list.
    pub(crate) fn element(self) -> Self {
        match self {
            Self::Known(of) => {
                let of = of.strip_prefix('[').unwrap_or("*");
                Self::Known(of.split('#').next().unwrap_or("*"))
            }
            Self::Custom(schema) => schema.get("items").map_or(Self::Any, Self::Custom),
            Self::Any => Self::Any,
        }
    }

    /// How it is merged, if it is a list.
    pub(crate) fn list(self) -> ListOf {
        match self {
            Self::Known(of) => match of.split_once('#') {
                None => ListOf::Atomic,
                Some((_, "")) => ListOf::Set,
                Some((_, keys)) => ListOf::Map(keys.split(',').map(str::to_owned).collect()),
            },
            Self::Custom(schema) => {
                let kind = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
                let keys = schema.get("x-kubernetes-list-map-keys");
                match (kind, keys.and_then(Value::as_array)) {
                    (Some("set"), _) => ListOf::Set,
                    (Some("map"), Some(keys)) => {
                        let keys = keys.iter().filter_map(Value::as_str);
                        ListOf::Map(keys.map(str::to_owned).collect())
                    }
                    _ => ListOf::Atomic,
                }
            }
            Self::Any => ListOf::Atomic,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_type_of_the_table_is_there() {
        const SCALARS: [&str; 7] = ["s", "b", "i", "n", "q", "t", "*"];
        for (name, fields) in TYPES.iter() {
            assert!(!fields.is_empty() || !name.contains('/'), "{name}");
            for field in fields {
                let of = field.of.trim_start_matches(['[', '{']);
                let of = of.split('#').next().unwrap();
                let known = SCALARS.contains(&of) || TYPES.contains_key(of);
                assert!(known, "{name}.{}: {of}", field.name);
            }
        }
    }

    #[test]
    fn fields_are_found_by_their_way() {
        let kinds = Kind::builtin();
        let deployment = kinds.iter().find(|kind| kind.kind == "Deployment").unwrap();
        let spec = Schema::of(deployment).field("spec");
        let containers = spec.field("template").field("spec").field("containers");
        assert_eq!(containers.list(), ListOf::Map(vec!["name".to_owned()]));
        let container = containers.element();
        assert_eq!(container.field("command").list(), ListOf::Atomic);
        let limits = container.field("resources").field("limits").field("cpu");
        assert!(matches!(limits, Schema::Known("q")));
        assert!(matches!(container.field("nothing"), Schema::Any));
    }
}
