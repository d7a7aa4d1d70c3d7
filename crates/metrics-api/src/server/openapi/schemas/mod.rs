//! The objects of the APIs, as OpenAPI describes them.

mod table;

use serde_json::{Map, Value, json};

pub(super) use table::ALL;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// An object.
pub(super) struct Schema {
    /// Its whole name.
    pub(super) name: &'static str,
    description: &'static str,
    /// Group, version and kind of what stands alone.
    kind: Option<(&'static str, &'static str, &'static str)>,
    fields: Fields,
}

enum Fields {
    /// An object of these.
    Object(&'static [Field]),
    /// A string of this format.
    Text(&'static str),
}

struct Field {
    name: &'static str,
    description: &'static str,
    required: bool,
    is: Is,
}

enum Is {
    Text,
    Flag,
    /// `int32` or `int64`.
    Integer(&'static str),
    Object(&'static str),
    Texts,
    Objects(&'static str),
    MapOfText,
    MapOf(&'static str),
}

/// How a dialect of OpenAPI refers to an object.
pub(super) type Refer = fn(&str) -> Value;

impl Schema {
    /// The names of the objects that it has in it.
    pub(super) fn uses(&self) -> impl Iterator<Item = &'static str> {
        let fields: &'static [Field] = match &self.fields {
            Fields::Object(fields) => fields,
            Fields::Text(_) => &[],
        };
        fields.iter().filter_map(|field| match field.is {
            Is::Object(name) | Is::Objects(name) | Is::MapOf(name) => Some(name),
            _ => None,
        })
    }

    /// As OpenAPI writes it.
    pub(super) fn document(&self, refer: Refer) -> Value {
        let fields = match &self.fields {
            Fields::Object(fields) => fields,
            Fields::Text("") => return json!({"description": self.description, "type": "string"}),
            Fields::Text(format) => {
                return json!({"description": self.description, "type": "string", "format": format});
            }
        };
        let properties = fields.iter().map(|field| {
            let mut property = field.is.document(refer, field.required);
            property.insert("description".to_owned(), field.description.into());
            (field.name.to_owned(), Value::Object(property))
        });
        let mut schema = Map::new();
        schema.insert("description".to_owned(), self.description.into());
        schema.insert("type".to_owned(), "object".into());
        schema.insert(
            "properties".to_owned(),
            properties.collect::<Map<_, _>>().into(),
        );
        let needed = fields.iter().filter(|field| field.required);
        let needed: Vec<Value> = needed.map(|field| field.name.into()).collect();
        if !needed.is_empty() {
            schema.insert("required".to_owned(), needed.into());
        }
        if let Some((group, version, kind)) = self.kind {
            let kind = json!([{"group": group, "version": version, "kind": kind}]);
            schema.insert("x-kubernetes-group-version-kind".to_owned(), kind);
        }
        schema.into()
    }
}

impl Is {
    fn document(&self, refer: Refer, required: bool) -> Map<String, Value> {
        let list = |items: Value| json!({"type": "array", "items": items, "x-kubernetes-list-type": "atomic"});
        let text = json!({"type": "string", "default": ""});
        let value = match *self {
            Self::Text if required => text,
            Self::Text => json!({"type": "string"}),
            Self::Flag => json!({"type": "boolean", "default": false}),
            Self::Integer(format) => json!({"type": "integer", "format": format}),
            Self::Object(name) => refer(name),
            Self::Texts => list(text),
            Self::Objects(name) => list(refer(name)),
            Self::MapOfText => json!({"type": "object", "additionalProperties": text}),
            Self::MapOf(name) => json!({"type": "object", "additionalProperties": refer(name)}),
        };
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// The name of an object of apimachinery's.
pub(super) fn meta(name: &str) -> String {
    format!("{META}{name}")
}
