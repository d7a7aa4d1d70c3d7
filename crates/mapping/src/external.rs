//! External metrics: `externalRules`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use concertina_model::{LabelSelector, Labels, Quantity, QueryAnswer, QueryValue, Timestamp};
use concertina_rules::Rule;

use crate::catalogue::RuleState;
use crate::listing::MappedShape;
use crate::matchers::Matchers;
use crate::plan::window;
use crate::values::quantity;
use crate::{LabelMapper, Listing, NoValue, PlanError, ReadError, Resources, RuleHealth};

/// A request for an external metric.
#[derive(Clone, Copy, Debug)]
pub struct ExternalRequest<'a> {
    /// The namespace that is asked in; None asks without one. A rule with `namespaced: false`
    /// does not look at it.
    pub namespace: Option<&'a str>,
    /// The metric.
    pub metric: &'a str,
    /// Which series, by their labels.
    pub selector: &'a LabelSelector,
}

/// An external metric that can be asked for.
#[derive(Clone, Debug)]
pub struct ExternalEntry {
    /// The name under which it is exposed.
    pub metric: String,
    /// The series that is queried.
    pub series: String,
    rule: Arc<Rule>,
    mapper: Arc<LabelMapper>,
}

impl ExternalEntry {
    /// The rule that gives it.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

/// The external metrics that can be asked for. A catalogue does not change: a relist makes the
/// next one.
///
/// ```
/// use concertina_mapping::{ExternalCatalogue, ExternalRequest, ListedSeries, ResourceTable};
/// use concertina_model::Timestamp;
/// use concertina_rules::{RuleFile, compile};
///
/// let file = RuleFile::parse(r#"
/// externalRules:
/// - seriesQuery: queue_depth
///   resources: {namespaced: false}
///   metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>, topic)
/// "#).unwrap();
/// let rules = compile(&file.external_rules).into_iter().flatten().map(std::sync::Arc::new);
/// let table = ResourceTable::builtin();
/// let series = [ListedSeries::new("queue_depth", ["topic"])];
/// let catalogue = ExternalCatalogue::new(rules)
///     .relist(|_| Ok(series.clone().into()), &table, Timestamp::EPOCH);
/// let selector = "topic=orders".parse().unwrap();
/// let request = ExternalRequest { namespace: Some("shop"), metric: "queue_depth", selector: &selector };
/// let plan = catalogue.plan(&request, &table).unwrap();
/// assert_eq!(plan.query(), r#"sum(queue_depth{topic="orders"}) by (topic)"#);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExternalCatalogue {
    rules: Vec<RuleState<Offers>>,
    entries: BTreeMap<String, ExternalEntry>,
}

impl ExternalCatalogue {
    /// A catalogue of `rules` whose series are not known yet: it has no entries.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Arc<Rule>>) -> Self {
        Self {
            rules: rules.into_iter().map(RuleState::new).collect(),
            entries: BTreeMap::new(),
        }
    }

    /// The rules, each with how it fares.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&Arc<Rule>, &RuleHealth)> {
        self.rules.iter().map(|state| (&state.rule, &state.health))
    }

    /// All entries, by metric.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &ExternalEntry> {
        self.entries.values()
    }

    /// The next catalogue, as [`Catalogue::relist`](crate::Catalogue::relist). When several rules
    /// or series give the same metric, the last one counts.
    #[must_use]
    pub fn relist(
        &self,
        mut listing: impl FnMut(&Rule) -> Listing,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self {
        self.relist_some(|rule| Some(listing(rule)), known, now)
    }

    /// As [`relist`](Self::relist), except that a rule without a listing stays as it is: so each
    /// rule can be listed at its own times.
    #[must_use]
    pub fn relist_some(
        &self,
        mut listing: impl FnMut(&Rule) -> Option<Listing>,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self {
        let relisted = self.rules.iter().map(|state| match listing(&state.rule) {
            None => state.clone(),
            Some(listing) => state.relisted(listing, known, now, offers),
        });
        let rules: Vec<_> = relisted.collect();
        let mut entries = BTreeMap::new();
        for state in &rules {
            for (metric, series) in &*state.offers {
                let entry = ExternalEntry {
                    metric: metric.clone(),
                    series: series.clone(),
                    rule: Arc::clone(&state.rule),
                    mapper: Arc::clone(&state.mapper),
                };
                entries.insert(metric.clone(), entry);
            }
        }
        Self { rules, entries }
    }

    /// The entry for a metric.
    #[must_use]
    pub fn entry(&self, metric: &str) -> Option<&ExternalEntry> {
        self.entries.get(metric)
    }

    /// The PromQL query for a request, and how to read its answer.
    ///
    /// As prometheus-adapter 0.12 builds it: the selector, then the namespace, and nothing to
    /// group by. A comma beside the empty `<<.GroupBy>>` of a list is left out, where upstream
    /// sends a query that no Prometheus accepts.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when nothing can be asked.
    pub fn plan(
        &self,
        request: &ExternalRequest<'_>,
        known: &dyn Resources,
    ) -> Result<ExternalPlan, PlanError> {
        let entry = self
            .entry(request.metric)
            .ok_or_else(|| PlanError::NotExternal(request.metric.to_owned()))?;
        let mut matchers = Matchers::of(entry.rule().query());
        matchers.select(request.selector)?;
        let namespace = request.namespace.filter(|_| entry.rule.namespaced());
        if let Some(namespace) = namespace {
            matchers.equal(&entry.mapper.namespace_label(known)?, namespace);
        }
        let render = |data: &_| entry.rule.render_ungrouped(data);
        let query = matchers.render(entry.series.clone(), Vec::new(), render)?;
        Ok(ExternalPlan {
            window: window(&query),
            query,
            rule: Arc::clone(&entry.rule),
        })
    }
}

/// Metrics, and the series that is queried for each.
type Offers = BTreeMap<String, String>;

fn offers(shapes: &[MappedShape<'_>]) -> Offers {
    let named = shapes.iter().filter(|shape| !shape.metric.is_empty());
    named
        .map(|shape| (shape.metric.to_string(), shape.series.to_owned()))
        .collect()
}

/// A query for an external metric, and how to read its answer.
#[derive(Clone, Debug)]
pub struct ExternalPlan {
    query: String,
    rule: Arc<Rule>,
    window: Option<Duration>,
}

/// One value of an external metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalValue {
    /// The labels of the sample, `__name__` included.
    pub labels: Labels,
    /// When it was evaluated.
    pub timestamp: Timestamp,
    /// The value, exact to a billionth; or why there is none. No data never becomes a number.
    pub value: Result<Quantity, NoValue>,
}

impl ExternalPlan {
    /// The PromQL text.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The rule that the query is made by.
    #[must_use]
    pub fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// The longest range that the query reaches back, when it has one.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        self.window
    }

    /// Reads Prometheus' answer: a value for each element of a vector, one without labels for a
    /// scalar.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when the answer is neither.
    pub fn read(&self, answer: &QueryAnswer) -> Result<Vec<ExternalValue>, ReadError> {
        match &answer.value {
            QueryValue::Vector(samples) => Ok(samples
                .iter()
                .map(|sample| ExternalValue {
                    labels: sample.labels.clone(),
                    timestamp: sample.timestamp,
                    value: quantity(sample.value),
                })
                .collect()),
            QueryValue::Scalar(value) => Ok(vec![ExternalValue {
                labels: Labels::new(),
                timestamp: answer.at,
                value: quantity(*value),
            }]),
            other => Err(ReadError(other.type_name())),
        }
    }
}
