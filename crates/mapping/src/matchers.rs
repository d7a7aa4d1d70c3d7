//! Matchers of a query.

use std::collections::BTreeMap;

use concertina_model::{LabelSelector, Operator, Requirement};
use concertina_promql::quote_into;
use concertina_rules::{QueryData, Template};

use crate::PlanError;

/// What a request selects, as matchers of PromQL. Whatever comes from it is checked or quoted.
#[derive(Debug)]
pub(crate) struct Matchers {
    text: String,
    /// None when the template does not read them.
    values: Option<BTreeMap<String, String>>,
}

impl Matchers {
    /// None yet, for `template`.
    pub(crate) fn of(template: &Template) -> Self {
        Self {
            text: String::new(),
            values: template.reads_label_values().then(BTreeMap::new),
        }
    }

    fn begin(&mut self, label: &str, operator: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(label);
        self.text.push_str(operator);
    }

    fn push(&mut self, label: &str, operator: &str, value: &str) {
        self.begin(label, operator);
        quote_into(&mut self.text, value);
    }

    /// One of `values`, each taken literally.
    fn push_any(&mut self, label: &str, operator: &str, values: &[String]) {
        let length: usize = values.iter().map(|value| value.len() + 1).sum();
        self.text.reserve(label.len() + length + 8);
        self.begin(label, operator);
        if !values.iter().all(|value| is_plain(value)) {
            quote_into(&mut self.text, &pattern(values));
            return;
        }
        self.text.push('"');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.text.push('|');
            }
            self.text.push_str(value);
        }
        self.text.push('"');
    }

    fn note(&mut self, label: &str, value: impl FnOnce() -> String) {
        if let Some(values) = &mut self.values {
            values.insert(label.to_owned(), value());
        }
    }

    pub(crate) fn equal(&mut self, label: &str, value: &str) {
        self.push(label, "=", value);
        self.note(label, || value.to_owned());
    }

    pub(crate) fn names(&mut self, label: &str, names: &[String]) {
        match names {
            [name] => self.push(label, "=", name),
            names => self.push_any(label, "=~", names),
        }
        self.note(label, || names.join("|"));
    }

    pub(crate) fn select(&mut self, selector: &LabelSelector) -> Result<(), PlanError> {
        let mut requirements = selector.requirements().iter();
        requirements.try_for_each(|requirement| self.require(requirement))
    }

    /// What a query template is given.
    pub(crate) fn into_data(self, series: String, group_by: Vec<String>) -> QueryData {
        QueryData {
            series,
            label_matchers: self.text,
            label_values_by_name: self.values.unwrap_or_default(),
            group_by: group_by.join(","),
            group_by_slice: group_by,
        }
    }

    fn require(&mut self, requirement: &Requirement) -> Result<(), PlanError> {
        let (key, values) = (requirement.key(), requirement.values());
        if !is_label_name(key) {
            return Err(PlanError::LabelName(key.to_owned()));
        }
        let first = || values.first().map_or("", String::as_str);
        let unsupported = |operator| PlanError::UnsupportedOperator {
            key: key.to_owned(),
            operator,
        };
        match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals => self.push(key, "=", first()),
            Operator::NotEquals => self.push(key, "!=", first()),
            Operator::In => self.push_any(key, "=~", values),
            Operator::NotIn => self.push_any(key, "!~", values),
            Operator::Exists => self.push(key, "!=", ""),
            Operator::DoesNotExist => self.push(key, "=", ""),
            Operator::GreaterThan => return Err(unsupported("gt")),
            Operator::LessThan => return Err(unsupported("lt")),
        }
        self.note(key, || values.join("|"));
        Ok(())
    }
}

fn is_label_name(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a pattern and a string literal hold `value` as it is: most names of objects. No early
/// end, so that it is a few instructions for all of a name.
fn is_plain(value: &str) -> bool {
    value.bytes().fold(true, |plain, b| {
        plain & ((b | 0x20).is_ascii_lowercase() | b.is_ascii_digit() | (b == b'-'))
    })
}

/// Values as alternatives of a pattern, each taken literally.
fn pattern(values: &[String]) -> String {
    let mut text = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push('|');
        }
        for c in value.chars() {
            if r"\.+*?()|[]{}^$".contains(c) {
                text.push('\\');
            }
            text.push(c);
        }
    }
    text
}
