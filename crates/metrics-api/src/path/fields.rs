//! Field selectors of lists.

use std::str::FromStr;

use super::PathError;

/// A selection by `metadata.name` and `metadata.namespace`: all that metrics can be selected by
/// besides labels. Without terms it selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    namespace: bool,
    equal: bool,
    value: String,
}

impl FieldSelector {
    /// Whether an object of this name and namespace (empty for cluster-scoped ones) is selected.
    #[must_use]
    pub fn matches(&self, name: &str, namespace: &str) -> bool {
        self.0.iter().all(|term| {
            let field = if term.namespace { namespace } else { name };
            (term.value == field) == term.equal
        })
    }
}

impl FromStr for FieldSelector {
    type Err = PathError;

    /// Terms with `=`, `==` or `!=`, separated by commas.
    fn from_str(text: &str) -> Result<Self, PathError> {
        let term = |text: &str| {
            let unknown = || PathError::UnknownField(text.to_owned());
            let (field, value) = text.split_once('=').ok_or_else(unknown)?;
            let equal = !field.ends_with('!');
            let value = if equal {
                value.strip_prefix('=').unwrap_or(value)
            } else {
                value
            };
            let namespace = match field.strip_suffix('!').unwrap_or(field) {
                "metadata.name" => false,
                "metadata.namespace" => true,
                _ => return Err(unknown()),
            };
            Ok(Term {
                namespace,
                equal,
                value: value.to_owned(),
            })
        };
        let terms = text.split(',').filter(|term| !term.is_empty());
        terms.map(term).collect::<Result<_, _>>().map(Self)
    }
}
