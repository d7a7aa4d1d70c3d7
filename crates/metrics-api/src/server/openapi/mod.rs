//! `/openapi/v2` and `/openapi/v3`: the description of all routes, for kubectl, the aggregator and
//! generators of clients.

mod routes;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::etag::etag;
use crate::types::Group;
use routes::Route;
use schemas::{ALL, Refer};

/// The descriptions, made once: what is served does not change.
#[derive(Clone, Debug)]
pub(super) struct OpenApi {
    v2: Description,
    index: Description,
    parts: BTreeMap<String, Description>,
}

/// One JSON document with its tag.
#[derive(Clone, Debug)]
pub(super) struct Description {
    pub(super) body: Bytes,
    /// Without quotes.
    pub(super) tag: String,
}

impl Description {
    fn new(document: &Value) -> Self {
        let mut body = document.to_string();
        body.push('\n');
        Self {
            tag: etag(body.as_bytes()),
            body: body.into(),
        }
    }
}

impl OpenApi {
    /// The descriptions of these groups.
    pub(super) fn new(groups: &[Group]) -> Self {
        let routes = routes::routes(groups);
        let names: BTreeSet<&String> = routes.iter().map(|route| &route.part).collect();
        let of = |part: &String| {
            let of_part = routes.iter().filter(|route| route.part == *part);
            Description::new(&v3(of_part.collect()))
        };
        let parts: BTreeMap<String, Description> = names
            .into_iter()
            .map(|name| (name.clone(), of(name)))
            .collect();
        let listed = parts.iter().map(|(name, description)| {
            let url = format!("/openapi/v3/{name}?hash={}", description.tag);
            (name.clone(), json!({"serverRelativeURL": url}))
        });
        let index = json!({"paths": listed.collect::<Map<_, _>>()});
        Self {
            v2: Description::new(&v2(routes.iter().collect())),
            index: Description::new(&index),
            parts,
        }
    }

    pub(super) fn v2(&self) -> &Description {
        &self.v2
    }

    /// The list of the parts of version 3, or one of them.
    pub(super) fn v3(&self, part: Option<&str>) -> Option<&Description> {
        match part {
            None | Some("") => Some(&self.index),
            Some(part) => self.parts.get(part),
        }
    }
}

fn info() -> Value {
    json!({"title": "concertina", "version": env!("CARGO_PKG_VERSION")})
}

/// All objects that the routes answer with, and those in them.
fn objects(routes: &[&Route], refer: Refer) -> Map<String, Value> {
    let named = |name: &str| ALL.iter().find(|schema| schema.name == name);
    let mut open: Vec<_> = routes
        .iter()
        .filter_map(|route| named(&route.answer))
        .collect();
    let mut found = Map::new();
    while let Some(schema) = open.pop() {
        let document = schema.document(refer);
        if found.insert(schema.name.to_owned(), document).is_none() {
            open.extend(schema.uses().filter_map(named));
        }
    }
    found
}

/// The names in braces of a path.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    let pieces = path.split('{').skip(1);
    pieces.filter_map(|piece| piece.split('}').next())
}

/// The parameters of a route; `typed` puts the type where the dialect has it.
fn all_parameters(route: &Route, typed: fn(Value) -> Value) -> Vec<Value> {
    let of_path =
        parameters(&route.path).map(|name| json!({"name": name, "in": "path", "required": true}));
    let of_query = route.query.iter().map(
        |(name, description)| json!({"name": name, "in": "query", "description": description}),
    );
    of_path.chain(of_query).map(typed).collect()
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
    object
}

fn v2(routes: Vec<&Route>) -> Value {
    let refer: Refer = |name| json!({"$ref": format!("#/definitions/{name}"), "default": {}});
    let operation = |route: &Route| {
        let mut get = json!({
            "description": route.description,
            "consumes": route.media,
            "produces": route.media,
            "schemes": ["https"],
            "tags": [route.tag],
            "operationId": route.id,
            "responses": {"200": {
                "description": "OK",
                "schema": {"$ref": format!("#/definitions/{}", route.answer)},
            }},
        });
        let parameters =
            all_parameters(route, |parameter| with(parameter, "type", "string".into()));
        if !parameters.is_empty() {
            get = with(get, "parameters", parameters.into());
        }
        (route.path.clone(), json!({"get": get}))
    };
    json!({
        "swagger": "2.0",
        "info": info(),
        "paths": routes.iter().map(|route| operation(route)).collect::<Map<_, _>>(),
        "definitions": objects(&routes, refer),
    })
}

fn v3(routes: Vec<&Route>) -> Value {
    let refer: Refer =
        |name| json!({"default": {}, "allOf": [{"$ref": format!("#/components/schemas/{name}")}]});
    let operation = |route: &Route| {
        let schema = json!({"$ref": format!("#/components/schemas/{}", route.answer)});
        let content = route
            .media
            .iter()
            .map(|media| ((*media).to_owned(), json!({"schema": schema})));
        let mut get = json!({
            "tags": [route.tag],
            "description": route.description,
            "operationId": route.id,
            "responses": {"200": {
                "description": "OK",
                "content": content.collect::<Map<_, _>>(),
            }},
        });
        let parameters = all_parameters(route, |parameter| {
            with(parameter, "schema", json!({"type": "string"}))
        });
        if !parameters.is_empty() {
            get = with(get, "parameters", parameters.into());
        }
        (route.path.clone(), json!({"get": get}))
    };
    json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": routes.iter().map(|route| operation(route)).collect::<Map<_, _>>(),
        "components": {"schemas": objects(&routes, refer)},
    })
}
