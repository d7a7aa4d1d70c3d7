//! From a request to PromQL.

use std::sync::Arc;
use std::time::Duration;

use concertina_model::{GroupResource, LabelSelector, QueryValue};
use concertina_promql::ast::{Expr, ExprKind};
use concertina_rules::{RenderError, Rule};

use crate::matchers::Matchers;
use crate::{Answer, ApiResource, Catalogue, LabelError, ReadError, Resources};

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
    rule: Arc<Rule>,
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
    /// No external rule gives the metric.
    #[error("no external rule gives the metric {0}")]
    NotExternal(String),
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
    /// The rule writes values of the request into its query as they are, and this one could make
    /// another query of it. Upstream asks what comes out.
    #[error(
        "the value {value:?} for `{label}` cannot be asked for: the rule writes it into its query by \
         LabelValuesByName, and there only letters, digits, `-`, `_`, `.` and `:` are safe"
    )]
    LabelValue {
        /// The label.
        label: String,
        /// A name, a namespace, or a value of the selector.
        value: String,
    },
    /// The rule's template fails on this request.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The rule's template gave nothing.
    #[error("the rule's query template gives an empty query")]
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
        let mut matchers = Matchers::of(entry.rule().query());
        let namespace = match request.namespace {
            Some(namespace) => Some((entry.mapper().namespace_label(known)?, namespace)),
            None => None,
        };
        matchers.select(request.selector)?;
        if let Some((label, namespace)) = namespace {
            matchers.equal(&label, namespace);
        }
        let label = entry.mapper().label(&key, known)?;
        matchers.names(&label, request.names);
        let (series, group_by) = (entry.series.clone(), vec![label.clone()]);
        let query = matchers.render(series, group_by, |data| entry.rule().render(data))?;
        Ok(Self {
            window: window(&query),
            query,
            label,
            resource,
            rule: Arc::clone(entry.shared_rule()),
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

    /// The rule that the query is made by.
    #[must_use]
    pub fn rule(&self) -> &Arc<Rule> {
        &self.rule
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

/// The longest range that a query reaches back, when it has one.
pub(crate) fn window(query: &str) -> Option<Duration> {
    // Most queries have no range, and reading a query takes longer than making it.
    if !query.contains('[') {
        return None;
    }
    longest_range(&concertina_promql::parse(query).ok()?)
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
