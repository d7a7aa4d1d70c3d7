//! Where a field stands in the text of its manifest.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::api::PolicyError;

/// An error and where its field stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{error}", place(*.line, *.column))]
pub struct Located {
    /// The line, from 1; 0 when the field has no place.
    pub line: u64,
    /// The column, from 1; 0 when the field has no place.
    pub column: u64,
    /// What is wrong.
    pub error: PolicyError,
}

pub(super) fn place(line: u64, column: u64) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}, column {column}: "),
    }
}

/// Each error with the place of its field, or else of the nearest field around it. (A field of
/// `autoscaling/v2` that the text does not have under that name is one around which there is one.)
pub(super) fn all(text: &str, errors: Vec<PolicyError>) -> Vec<Located> {
    let options = serde_saphyr::options! { with_snippet: false };
    let tree: Option<Spanned<Node>> = serde_saphyr::from_str_with_options(text, options).ok();
    let located = errors.into_iter().map(|error| {
        let at = tree.as_ref().and_then(|tree| find(tree, &error.path));
        let (line, column) = at.unwrap_or((0, 0));
        Located {
            line,
            column,
            error,
        }
    });
    located.collect()
}

/// A value with the places of what is in it.
enum Node {
    Map(Vec<(String, Spanned<Node>)>),
    Seq(Vec<Spanned<Node>>),
    Scalar,
}

/// The place of the deepest field on a path such as `spec.metrics[0].pods`.
fn find(tree: &Spanned<Node>, path: &str) -> Option<(u64, u64)> {
    let mut at = None;
    let mut node = tree;
    let mut rest = path;
    while let Some((step, after)) = step(rest) {
        let next = match &node.value {
            Node::Map(fields) => fields.iter().find(|(name, _)| name == step).map(|(_, v)| v),
            Node::Seq(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
            Node::Scalar => None,
        };
        let Some(next) = next else {
            break;
        };
        let span = next.referenced;
        at = Some((span.line(), span.column()));
        (node, rest) = (next, after);
    }
    at
}

/// The first step of a path, without its punctuation, and what follows it.
fn step(path: &str) -> Option<(&str, &str)> {
    if let Some(inside) = path.strip_prefix('[') {
        return inside.split_once(']');
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    path.split_at_checked(end)
        .filter(|(step, _)| !step.is_empty())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

macro_rules! scalars {
    ($($visit:ident: $type:ty),+) => {
        $(fn $visit<E>(self, _: $type) -> Result<Node, E> {
            Ok(Node::Scalar)
        })+
    };
}

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
    scalars!(visit_i128: i128, visit_u128: u128, visit_bytes: &[u8]);

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key()? {
            fields.push((name, map.next_value()?));
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::Seq(items))
    }
}
