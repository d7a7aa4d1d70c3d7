//! Values of a template, and how Go prints and compares them.

use std::borrow::Cow;
use std::fmt;

use super::{QueryData, RenderError};

/// The fields of the data.
pub(super) const FIELDS: [&str; 5] = [
    "Series",
    "LabelMatchers",
    "LabelValuesByName",
    "GroupBy",
    "GroupBySlice",
];

/// A value at execution.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Data(&'a QueryData),
    Str(Cow<'a, str>),
    Int(i64),
    /// A byte of a string: a number with a type of its own.
    Byte(u8),
    Bool(bool),
    List(&'a [String]),
    Map(&'a std::collections::BTreeMap<String, String>),
    /// The entry of a map that is not there.
    Missing,
}

pub(super) fn fail<T>(message: impl Into<String>) -> Result<T, RenderError> {
    Err(RenderError {
        message: message.into(),
    })
}

impl<'a> Value<'a> {
    /// Go's name of the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Data(_) => "struct",
            Self::Str(_) => "string",
            Self::Int(_) => "int",
            Self::Byte(_) => "uint8",
            Self::Bool(_) => "bool",
            Self::List(_) => "[]string",
            Self::Map(_) => "map[string]string",
            Self::Missing => "nil",
        }
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Data(_) => true,
            Self::Str(text) => !text.is_empty(),
            Self::Int(value) => *value != 0,
            Self::Byte(value) => *value != 0,
            Self::Bool(value) => *value,
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Missing => false,
        }
    }

    pub(super) fn field(&self, name: &str) -> Result<Value<'a>, RenderError> {
        match self {
            Self::Data(data) => match name {
                "Series" => Ok(text(&data.series)),
                "LabelMatchers" => Ok(text(&data.label_matchers)),
                "LabelValuesByName" => Ok(Value::Map(&data.label_values_by_name)),
                "GroupBy" => Ok(text(&data.group_by)),
                "GroupBySlice" => Ok(Value::List(&data.group_by_slice)),
                _ => fail(format!(
                    "there is no field `.{name}`; there are .Series, .LabelMatchers, \
                     .LabelValuesByName, .GroupBy and .GroupBySlice"
                )),
            },
            Self::Map(map) => Ok(map.get(name).map_or(Value::Missing, |value| text(value))),
            Self::Missing => Ok(Value::Missing),
            other => fail(format!("a {} has no field `.{name}`", other.type_name())),
        }
    }

    /// `index`, one step.
    pub(super) fn index(&self, by: &Value<'_>) -> Result<Value<'a>, RenderError> {
        let place = |len: usize| match by {
            Value::Int(at) => match usize::try_from(*at) {
                Ok(at) if at < len => Ok(at),
                _ => fail(format!("index {at} is out of range, the length is {len}")),
            },
            Value::Byte(at) if usize::from(*at) < len => Ok(usize::from(*at)),
            other => fail(format!("cannot index with a {}", other.type_name())),
        };
        match (self, by) {
            (Self::Map(map), Value::Str(key)) => {
                Ok(map.get(&**key).map_or(text(""), |value| text(value)))
            }
            (Self::List(list), _) => {
                let at = place(list.len())?;
                Ok(list.get(at).map_or(Value::Missing, |value| text(value)))
            }
            (Self::Str(string), _) => {
                let at = place(string.len())?;
                Ok(string
                    .as_bytes()
                    .get(at)
                    .map_or(Value::Missing, |byte| Value::Byte(*byte)))
            }
            _ => fail(format!(
                "cannot index a {} with a {}",
                self.type_name(),
                by.type_name()
            )),
        }
    }

    fn number(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Byte(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    pub(super) fn equals(&self, other: &Value<'_>) -> Result<bool, RenderError> {
        match (self, other) {
            (Self::Str(a), Value::Str(b)) => Ok(a == b),
            (Self::Bool(a), Value::Bool(b)) => Ok(a == b),
            (Self::Missing, Value::Missing) => Ok(true),
            // A missing entry differs from everything.
            (Self::Missing, _) | (_, Value::Missing) => Ok(false),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => Ok(a == b),
                _ => self.unlike(other),
            },
        }
    }

    pub(super) fn less(&self, other: &Value<'_>) -> Result<bool, RenderError> {
        match (self, other) {
            (Self::Str(a), Value::Str(b)) => Ok(a < b),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => Ok(a < b),
                _ => self.unlike(other),
            },
        }
    }

    fn unlike<T>(&self, other: &Value<'_>) -> Result<T, RenderError> {
        fail(format!(
            "cannot compare a {} with a {}",
            self.type_name(),
            other.type_name()
        ))
    }

    /// What an action prints for it.
    pub(super) fn printed(&self) -> Cow<'_, str> {
        match self {
            Self::Missing => Cow::Borrowed("<no value>"),
            Self::Str(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }
}

pub(super) fn text(value: &str) -> Value<'_> {
    Value::Str(Cow::Borrowed(value))
}

impl fmt::Display for Value<'_> {
    /// As Go's `%v`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => {
                let QueryData {
                    series,
                    label_matchers,
                    group_by,
                    ..
                } = data;
                let map = Value::Map(&data.label_values_by_name);
                let list = Value::List(&data.group_by_slice);
                write!(f, "{{{series} {label_matchers} {map} {group_by} {list}}}")
            }
            Self::Str(text) => f.write_str(text),
            Self::Int(value) => value.fmt(f),
            Self::Byte(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::List(list) => write!(f, "[{}]", list.join(" ")),
            Self::Map(map) => {
                f.write_str("map[")?;
                for (i, (key, value)) in map.iter().enumerate() {
                    write!(f, "{}{key}:{value}", if i == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Self::Missing => f.write_str("<nil>"),
        }
    }
}
