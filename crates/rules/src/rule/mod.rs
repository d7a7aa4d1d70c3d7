//! A rule that is ready to use.

mod error;
mod filter;
mod labels;
mod name;
mod resource;

use std::collections::BTreeSet;

pub use error::{RuleError, RuleProblem};
pub use filter::SeriesFilters;
pub use labels::{LabelTemplate, LabelTemplateError, ResourceLabels};
pub use name::NamePattern;
pub use resource::{ResourceQueries, ResourceQuery, ResourceRuleError, ResourceRuleProblem};

use crate::config::DiscoveryRule;
use crate::{QueryData, RenderError, Template};

/// A compiled rule of `rules` or `externalRules`.
#[derive(Clone, Debug)]
pub struct Rule {
    index: usize,
    line: u32,
    series_query: String,
    filters: SeriesFilters,
    name: NamePattern,
    query: Template,
    labels: ResourceLabels,
    namespaced: bool,
}

/// Compiles rules: one result for each, in their order.
///
/// What is checked follows prometheus-adapter 0.12, in its order: `metricsQuery`,
/// `seriesFilters`, `name.matches`, `name.as`; then `resources.template`. A rule that does not
/// compile is refused by itself and the others stay usable; upstream would not start.
///
/// ```
/// use concertina_rules::{RuleFile, compile};
///
/// let file = RuleFile::parse(r#"
/// rules:
/// - seriesQuery: requests_total
///   name: {matches: "^(.*)_total$"}
///   metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)
/// - seriesQuery: broken
///   metricsQuery: sum(<<.Series
/// "#).unwrap();
/// let rules = compile(&file.rules);
/// assert_eq!(rules[0].as_ref().unwrap().metric_name("requests_total"), Some("requests".to_owned()));
/// assert_eq!(
///     rules[1].as_ref().unwrap_err().to_string(),
///     "rule 2 (line 6), metricsQuery: line 1, column 5: the action has no closing `>>`",
/// );
/// ```
#[must_use]
pub fn compile(rules: &[DiscoveryRule]) -> Vec<Result<Rule, RuleError>> {
    rules
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            Rule::new(index, rule).map_err(|problem| RuleError {
                index,
                line: rule.line,
                problem,
            })
        })
        .collect()
}

impl Rule {
    fn new(index: usize, rule: &DiscoveryRule) -> Result<Self, RuleProblem> {
        let query = Template::parse(&rule.metrics_query)?;
        let mut filters = SeriesFilters::new(&rule.series_filters)?;
        let name = NamePattern::new(&rule.name.matches, &rule.name.as_)?;
        if !rule.name.matches.is_empty() {
            filters.require(name.pattern().clone());
        }
        Ok(Self {
            index,
            line: rule.line,
            series_query: rule.series_query.clone(),
            filters,
            name,
            query,
            labels: ResourceLabels::new(&rule.resources)?,
            namespaced: rule.resources.namespaced.unwrap_or(true),
        })
    }

    /// Its place in the list, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The line of the file on which it begins, from 1; 0 when it came from no file.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The PromQL selector that finds its series.
    #[must_use]
    pub fn series_query(&self) -> &str {
        &self.series_query
    }

    /// The name under which a series is exposed; None when the filters leave the series out. Only
    /// the series' name is filtered, never its labels. The exposed name may be empty.
    #[must_use]
    pub fn metric_name(&self, series: &str) -> Option<String> {
        if !self.filters.accept(series) {
            return None;
        }
        self.name.expose(series)
    }

    /// `resources`: which labels name which Kubernetes resources.
    #[must_use]
    pub fn labels(&self) -> &ResourceLabels {
        &self.labels
    }

    /// `resources.namespaced`: whether external metrics are limited to the namespace asked for.
    #[must_use]
    pub fn namespaced(&self) -> bool {
        self.namespaced
    }

    /// The query for `data`.
    ///
    /// # Errors
    ///
    /// [`RenderError`] as of [`Template::render`].
    pub fn render(&self, data: &QueryData) -> Result<String, RenderError> {
        self.query.render(data)
    }

    /// The query for `data` that has nothing to group by, as of external metrics.
    ///
    /// # Errors
    ///
    /// [`RenderError`] as of [`Template::render`].
    pub fn render_ungrouped(&self, data: &QueryData) -> Result<String, RenderError> {
        self.query.render_ungrouped(data)
    }

    /// The query template.
    #[must_use]
    pub fn query(&self) -> &Template {
        &self.query
    }
}

/// The distinct series queries of `rules`, sorted: what a relist has to ask for.
pub fn series_queries<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> BTreeSet<&'a str> {
    rules.into_iter().map(Rule::series_query).collect()
}
