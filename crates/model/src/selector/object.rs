//! The `LabelSelector` object of Kubernetes manifests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parse::requirement;
use super::{LabelSelector, Operator, ParseSelectorError};

/// A `metav1.LabelSelector`: the form in which manifests and metric values hold a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelectorObject {
    /// Labels and the values they must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Other conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Expression>,
}

/// One entry of `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expression {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values of `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A selector that a `metav1.LabelSelector` cannot say: it compares with `>` or `<`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{requirement}` cannot be written as a LabelSelector object, which knows no > and <")]
pub struct NotAnObject {
    /// The requirement.
    pub requirement: String,
}

impl TryFrom<&LabelSelectorObject> for LabelSelector {
    type Error = ParseSelectorError;

    fn try_from(object: &LabelSelectorObject) -> Result<Self, ParseSelectorError> {
        let mut all = Vec::new();
        for (key, value) in &object.match_labels {
            all.push(requirement(
                key.clone(),
                Operator::Equals,
                vec![value.clone()],
            )?);
        }
        for expression in &object.match_expressions {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(ParseSelectorError::BadOperator {
                        operator: other.to_owned(),
                    });
                }
            };
            let (key, values) = (expression.key.clone(), expression.values.clone());
            all.push(requirement(key, operator, values)?);
        }
        Ok(Self::from_requirements(all))
    }
}

impl TryFrom<&LabelSelector> for LabelSelectorObject {
    type Error = NotAnObject;

    /// `=` and `==` become `matchLabels`, the rest `matchExpressions` in key order.
    fn try_from(selector: &LabelSelector) -> Result<Self, NotAnObject> {
        let mut object = Self::default();
        for r in selector.requirements() {
            let operator = match r.operator() {
                Operator::Equals | Operator::DoubleEquals
                    if !object.match_labels.contains_key(r.key()) =>
                {
                    let value = r.values().first().cloned().unwrap_or_default();
                    object.match_labels.insert(r.key().to_owned(), value);
                    continue;
                }
                // A second value for one label: keeping both keeps the meaning.
                Operator::Equals | Operator::DoubleEquals | Operator::In => "In",
                Operator::NotEquals | Operator::NotIn => "NotIn",
                Operator::Exists => "Exists",
                Operator::DoesNotExist => "DoesNotExist",
                Operator::GreaterThan | Operator::LessThan => {
                    return Err(NotAnObject {
                        requirement: r.to_string(),
                    });
                }
            };
            object.match_expressions.push(Expression {
                key: r.key().to_owned(),
                operator: operator.to_owned(),
                values: r.values().to_vec(),
            });
        }
        Ok(object)
    }
}
