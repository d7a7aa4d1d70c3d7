//! Which objects of a list are meant.

use concertina_model::LabelSelector;
use serde_json::Value;

use crate::ApiError;

/// A selection by labels and fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: LabelSelector,
    fields: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    path: String,
    equal: bool,
    value: String,
}

impl Selection {
    /// Reads both selectors; fields are compared by their path, whatever it is.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, ApiError> {
        let wrong = |reason: String| ApiError::BadRequest(reason);
        let labels = labels
            .parse()
            .map_err(|error| wrong(format!("unable to parse labelSelector: {error}")))?;
        let terms = fields.split(',').filter(|term| !term.is_empty());
        let term = |text: &str| {
            let parts = text.split_once('=');
            let (path, value) = parts
                .ok_or_else(|| wrong(format!("fieldSelector: `{text}` has no =, == or !=")))?;
            let equal = !path.ends_with('!');
            Ok(Term {
                path: path.trim_end_matches('!').to_owned(),
                equal,
                value: value.strip_prefix('=').unwrap_or(value).to_owned(),
            })
        };
        Ok(Self {
            labels,
            fields: terms.map(term).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        let label = |key: &str| labels.and_then(|labels| labels.get(key)?.as_str());
        self.labels.matches(label)
            && self.fields.iter().all(|term| {
                let mut found = Some(object);
                for part in term.path.split('.') {
                    found = found.and_then(|value| value.get(part));
                }
                let found = match found {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Null) | None => String::new(),
                    Some(other) => other.to_string(),
                };
                (found == term.value) == term.equal
            })
    }
}
