//! Label selectors, as `labels.Parse` of Kubernetes reads them (apimachinery 0.36).

mod object;
mod parse;

use std::fmt;

use crate::Labels;

pub use object::{Expression, LabelSelectorObject, NotAnObject};
pub use parse::ParseSelectorError;

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `key=value`
    Equals,
    /// `key==value`, the same as `=`.
    DoubleEquals,
    /// `key!=value`; a missing key matches too.
    NotEquals,
    /// `key in (a,b)`
    In,
    /// `key notin (a,b)`; a missing key matches too.
    NotIn,
    /// `key`
    Exists,
    /// `!key`
    DoesNotExist,
    /// `key>5`: the label's value as a whole number.
    GreaterThan,
    /// `key<5`: the label's value as a whole number.
    LessThan,
}

impl Operator {
    /// The operator as it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::In => "in",
            Self::NotIn => "notin",
            Self::Exists => "exists",
            Self::DoesNotExist => "!",
            Self::GreaterThan => "gt",
            Self::LessThan => "lt",
        }
    }
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    /// The label.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How it is compared.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// With what: sorted, each value once. Empty for `Exists` and `DoesNotExist`.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// True when a label set whose value of the key is `value` (`None` = no such label) fulfils it.
    #[must_use]
    pub fn matches(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|v| v == value);
        let compare = |holds: fn(&i64, &i64) -> bool| {
            let limit = self.values.first().and_then(|v| parse_int(v));
            match (value.and_then(parse_int), limit) {
                (Some(value), Some(limit)) => holds(&value, &limit),
                _ => false,
            }
        };
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => value.is_some_and(listed),
            Operator::NotEquals | Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => compare(i64::gt),
            Operator::LessThan => compare(i64::lt),
        }
    }
}

/// An i64 as Go's `strconv.ParseInt` reads it in base 10.
fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            operator,
            values,
        } = self;
        let first = values.first().map_or("", String::as_str);
        match operator {
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{first}"),
            Operator::LessThan => write!(f, "{key}<{first}"),
            Operator::In | Operator::NotIn => {
                write!(f, "{key} {} ({})", operator.text(), values.join(","))
            }
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals => {
                write!(f, "{key}{}{first}", operator.text())
            }
        }
    }
}

/// A label selector: all requirements must hold. Without any it selects everything.
///
/// ```
/// use concertina_model::{LabelSelector, Labels};
///
/// let selector: LabelSelector = "app=bert-intent-detection, tier notin (batch)".parse().unwrap();
/// assert_eq!(selector.to_string(), "app=bert-intent-detection,tier notin (batch)");
/// assert!(selector.matches_labels(&Labels::from_pairs([("app", "bert-intent-detection")])));
/// assert!(!selector.matches_labels(&Labels::from_pairs([("app", "other")])));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// The selector without requirements.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// The requirements, sorted by key; equal keys in the order they were written.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// True when there is no requirement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// True when the label set that `value_of` looks up fulfils every requirement.
    pub fn matches<'a>(&self, mut value_of: impl FnMut(&str) -> Option<&'a str>) -> bool {
        self.requirements
            .iter()
            .all(|r| r.matches(value_of(&r.key)))
    }

    /// True when `labels` fulfils every requirement. ([`Labels`] holds no empty values, so for
    /// Kubernetes labels, which may be empty, use [`Self::matches`].)
    #[must_use]
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matches(|key| labels.get(key))
    }

    fn from_requirements(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements }
    }
}

impl fmt::Display for LabelSelector {
    /// The canonical text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}
