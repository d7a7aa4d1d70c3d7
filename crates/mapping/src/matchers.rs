//! Matchers of a query.

use std::collections::BTreeMap;

use concertina_model::{LabelSelector, Operator, Requirement};
use concertina_promql::quote;
use concertina_rules::QueryData;

use crate::PlanError;

/// What a request selects, as matchers of PromQL. Whatever comes from it is checked or quoted.
#[derive(Debug, Default)]
pub(crate) struct Matchers {
    texts: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Matchers {
    fn push(&mut self, label: &str, operator: &str, value: &str) {
        self.texts
            .push(format!("{label}{operator}{}", quote(value)));
    }

    pub(crate) fn equal(&mut self, label: &str, value: &str) {
        self.push(label, "=", value);
        self.values.insert(label.to_owned(), value.to_owned());
    }

    pub(crate) fn names(&mut self, label: &str, names: &[String]) {
        match names {
            [name] => self.push(label, "=", name),
            names => self.push(label, "=~", &pattern(names)),
        }
        self.values.insert(label.to_owned(), names.join("|"));
    }

    pub(crate) fn select(&mut self, selector: &LabelSelector) -> Result<(), PlanError> {
        let mut requirements = selector.requirements().iter();
        requirements.try_for_each(|requirement| self.require(requirement))
    }

    /// What a query template is given.
    pub(crate) fn into_data(self, series: String, group_by: Vec<String>) -> QueryData {
        QueryData {
            series,
            label_matchers: self.texts.join(","),
            label_values_by_name: self.values,
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
            Operator::In => self.push(key, "=~", &pattern(values)),
            Operator::NotIn => self.push(key, "!~", &pattern(values)),
            Operator::Exists => self.push(key, "!=", ""),
            Operator::DoesNotExist => self.push(key, "=", ""),
            Operator::GreaterThan => return Err(unsupported("gt")),
            Operator::LessThan => return Err(unsupported("lt")),
        }
        self.values.insert(key.to_owned(), values.join("|"));
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
