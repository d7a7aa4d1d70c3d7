//! Matchers of a query.

use std::collections::BTreeMap;

use concertina_model::{LabelSelector, Operator, Requirement};
use concertina_promql::quote_into;
use concertina_rules::{QueryData, RenderError, Template};

use crate::PlanError;

/// What a request selects, as matchers of PromQL. Whatever comes from it is checked or quoted.
#[derive(Debug)]
pub(crate) struct Matchers {
    text: String,
    /// None when the template does not read them.
    values: Option<BTreeMap<String, String>>,
    /// The first label and value that such a template must not write.
    harmful: Option<(String, String)>,
    /// The values of labels with such a one, without harm.
    instead: BTreeMap<String, String>,
}

impl Matchers {
    /// None yet, for `template`.
    pub(crate) fn of(template: &Template) -> Self {
        Self {
            text: String::new(),
            values: template.reads_label_values().then(BTreeMap::new),
            harmful: None,
            instead: BTreeMap::new(),
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

    /// Values for a template that reads them by name. It writes them where it likes, as upstream
    /// does, and nothing can quote them there.
    fn note<S: AsRef<str>>(&mut self, label: &str, given: &[S]) {
        let Some(values) = &mut self.values else {
            return;
        };
        let given: Vec<&str> = given.iter().map(AsRef::as_ref).collect();
        values.insert(label.to_owned(), given.join("|"));
        let harmful = |value: &&&str| !value.chars().all(is_harmless);
        if let Some(value) = given.iter().find(harmful) {
            let first = || (label.to_owned(), (*value).to_owned());
            self.harmful.get_or_insert_with(first);
            let instead: Vec<String> = given.iter().map(|value| harmless(value)).collect();
            self.instead.insert(label.to_owned(), instead.join("|"));
        }
    }

    pub(crate) fn equal(&mut self, label: &str, value: &str) {
        self.push(label, "=", value);
        self.note(label, &[value]);
    }

    pub(crate) fn names(&mut self, label: &str, names: &[String]) {
        match names {
            [name] => self.push(label, "=", name),
            names => self.push_any(label, "=~", names),
        }
        self.note(label, names);
    }

    pub(crate) fn select(&mut self, selector: &LabelSelector) -> Result<(), PlanError> {
        let mut requirements = selector.requirements().iter();
        requirements.try_for_each(|requirement| self.require(requirement))
    }

    /// The query that `render` makes. Of values that a template reads by name it must be the one
    /// that harmless ones would give, too.
    pub(crate) fn render(
        self,
        series: String,
        group_by: Vec<String>,
        render: impl Fn(&QueryData) -> Result<String, RenderError>,
    ) -> Result<String, PlanError> {
        let mut data = QueryData {
            series,
            label_matchers: self.text,
            label_values_by_name: self.values.unwrap_or_default(),
            group_by: group_by.join(","),
            group_by_slice: group_by,
        };
        let query = render(&data)?;
        if let Some((label, value)) = self.harmful {
            data.label_values_by_name.extend(self.instead);
            if render(&data).as_ref() != Ok(&query) {
                return Err(PlanError::LabelValue { label, value });
            }
        }
        match query.is_empty() {
            true => Err(PlanError::EmptyQuery),
            false => Ok(query),
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
        self.note(key, values);
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

/// Whether a character neither ends a string nor widens a pattern (beyond a `.`): of ASCII what
/// names of Kubernetes objects (`:` is in those of RBAC) and values of labels are made of.
fn is_harmless(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}

/// A value of the same length without a harmful character.
fn harmless(value: &str) -> String {
    let of = |c| if is_harmless(c) { c } else { '_' };
    value.chars().map(of).collect()
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
