//! From a request to PromQL.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use concertina_model::{GroupResource, LabelSelector, Operator, QueryValue, Requirement};
use concertina_promql::ast::{Expr, ExprKind};
use concertina_promql::quote;
use concertina_rules::{QueryData, RenderError};

use crate::{Answer, ApiResource, Catalogue, LabelError, LabelMapper, ReadError, Resources};

/// A request for a metric of some objects.
#[derive(Clone, Copy, Debug)]
pub struct MetricRequest<'a> {
    /// The resource as it was asked for: `pods`, `pod`, `deployments.apps`.
    pub resource: &'a GroupResource,
    /// The namespace; None for cluster-scoped objects.
    pub namespace: Option<&'a str>,
    /// The names of the objects.
    pub names: &'a [String],
    /// The metric.
    pub metric: &'a str,
    /// Which series, by their labels.
    pub selector: &'a LabelSelector,
}

/// A query, and how to read its answer.
#[derive(Clone, Debug)]
pub struct Plan {
    query: String,
    label: String,
    resource: Arc<ApiResource>,
    window: Option<Duration>,
}

/// Why a request cannot become a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No object was named.
    #[error("no object is named")]
    NoNames,
    /// The cluster has no such resource.
    #[error("the cluster has no resource `{0}`")]
    UnknownResource(GroupResource),
    /// The catalogue has no such metric of the resource in that scope.
    #[error("no rule gives the metric {metric} of {resource}{}", scope(.namespaced))]
    NotRegistered {
        /// The metric.
        metric: String,
        /// The resource, by its plural.
        resource: GroupResource,
        /// Whether a namespace was named.
        namespaced: bool,
    },
    /// The rule does not say by which label to select.
    #[error(transparent)]
    NoLabel(#[from] LabelError),
    /// A selector operator that PromQL does not have.
    #[error(
        "the selector compares `{key}` by order ({operator}), which PromQL's matchers cannot do"
    )]
    UnsupportedOperator {
        /// The label's name.
        key: String,
        /// `gt` or `lt`.
        operator: &'static str,
    },
    /// A selector key that is no label name of PromQL.
    #[error(
        "the selector's key `{0}` is no label of a series: a name has letters, digits and `_` only"
    )]
    LabelName(String),
    /// The rule's template fails on this request.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The rule's template gave nothing.
    #[error("the rule's metricsQuery gives an empty query")]
    EmptyQuery,
}

fn scope(namespaced: &bool) -> &'static str {
    if *namespaced {
        " in a namespace"
    } else {
        " without a namespace"
    }
}

impl Plan {
    /// Plans as prometheus-adapter 0.12 builds its queries, with names and values escaped where
    /// they become part of a pattern.
    pub(crate) fn new(
        catalogue: &Catalogue,
        request: &MetricRequest<'_>,
        known: &dyn Resources,
    ) -> Result<Self, PlanError> {
        if request.names.is_empty() {
            return Err(PlanError::NoNames);
        }
        let resource = known
            .resolve(request.resource)
            .ok_or_else(|| PlanError::UnknownResource(request.resource.clone()))?;
        let key = resource.group_resource();
        let namespaced = request.namespace.is_some();
        let entry = catalogue
            .entry(request.metric, &key)
            .filter(|entry| entry.resource.namespaced == namespaced)
            .ok_or_else(|| PlanError::NotRegistered {
                metric: request.metric.to_owned(),
                resource: key.clone(),
                namespaced,
            })?;
        let mut matchers = Matchers::default();
        let namespace = match request.namespace {
            Some(namespace) => Some((namespace_label(entry.mapper(), known)?, namespace)),
            None => None,
        };
        for requirement in request.selector.requirements() {
            matchers.require(requirement)?;
        }
        if let Some((label, namespace)) = namespace {
            matchers.equal(&label, namespace);
        }
        let label = entry.mapper().label(&key, known)?;
        matchers.names(&label, request.names);
        let query = entry.rule().render(&QueryData {
            series: entry.series.clone(),
            label_matchers: matchers.texts.join(","),
            label_values_by_name: matchers.values,
            group_by: label.clone(),
            group_by_slice: vec![label.clone()],
        })?;
        if query.is_empty() {
            return Err(PlanError::EmptyQuery);
        }
        Ok(Self {
            window: concertina_promql::parse(&query)
                .ok()
                .and_then(|expr| longest_range(&expr)),
            query,
            label,
            resource,
        })
    }

    /// The PromQL text.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The label that tells the objects apart in the answer.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The resource of the objects.
    #[must_use]
    pub fn resource(&self) -> &Arc<ApiResource> {
        &self.resource
    }

    /// The longest range that the query reaches back, when it has one.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        self.window
    }

    /// Reads Prometheus' answer as values of objects.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when the answer is no instant vector.
    pub fn read(&self, answer: &QueryValue) -> Result<Answer, ReadError> {
        Answer::read(&self.label, answer)
    }
}

fn namespace_label(mapper: &LabelMapper, known: &dyn Resources) -> Result<String, LabelError> {
    mapper.label(&GroupResource::core("namespaces"), known)
}

#[derive(Debug, Default)]
struct Matchers {
    texts: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Matchers {
    fn push(&mut self, label: &str, operator: &str, value: &str) {
        self.texts
            .push(format!("{label}{operator}{}", quote(value)));
    }

    fn equal(&mut self, label: &str, value: &str) {
        self.push(label, "=", value);
        self.values.insert(label.to_owned(), value.to_owned());
    }

    fn names(&mut self, label: &str, names: &[String]) {
        match names {
            [name] => self.push(label, "=", name),
            names => self.push(label, "=~", &pattern(names)),
        }
        self.values.insert(label.to_owned(), names.join("|"));
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

/// The longest range of `expr`; ranges inside each other are not added up.
fn longest_range(expr: &Expr) -> Option<Duration> {
    let of = |exprs: &[&Expr]| exprs.iter().filter_map(|expr| longest_range(expr)).max();
    match &expr.kind {
        ExprKind::Range { range, .. } => Some(*range),
        ExprKind::Subquery { expr, range, .. } => of(&[expr]).max(Some(*range)),
        ExprKind::Call { args, .. } => args.iter().filter_map(longest_range).max(),
        ExprKind::Aggregate { expr, param, .. } => {
            of(&[expr]).max(param.as_deref().and_then(longest_range))
        }
        ExprKind::Unary { expr, .. } | ExprKind::Paren(expr) => longest_range(expr),
        ExprKind::Binary { lhs, rhs, .. } => of(&[lhs, rhs]),
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Selector(_) => None,
    }
}
