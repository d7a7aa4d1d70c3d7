//! One rule of `rules` or `externalRules`.

use concertina_rules::{DiscoveryRule, QueryData, RenderError, Rule};

use super::mapping::Mapping;
use super::query::{self, Query, Request};
use super::{Finding, FindingKind, RuleList, RulePlace, units};
use crate::known::{Unit, is_counter};
use crate::names::{self, FILLERS, NameMatchers, example_names};
use crate::{ApiResource, Resources};

/// A rule that compiles, and what is known of it.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) place: RulePlace,
    pub(super) written: &'a DiscoveryRule,
    pub(super) rule: Rule,
    pub(super) mapping: Mapping,
    /// What it asks of names; None when its series query is none.
    pub(super) matchers: Option<NameMatchers>,
    /// Names of series that it takes.
    pub(super) names: Vec<String>,
}

/// A finding and the key of the rule that it is about.
pub(super) type Found = (&'static str, Finding);

impl<'a> Subject<'a> {
    pub(super) fn new(
        place: RulePlace,
        written: &'a DiscoveryRule,
        rule: Rule,
        known: &dyn Resources,
    ) -> Self {
        Self {
            names: example_names(&rule, written, &FILLERS),
            matchers: NameMatchers::of(&written.series_query),
            mapping: Mapping::new(&written.resources, known),
            place,
            written,
            rule,
        }
    }

    pub(super) fn is_external(&self) -> bool {
        self.place.list == RuleList::ExternalRules
    }

    fn render(&self, data: &QueryData) -> Result<String, RenderError> {
        self.rule.render(data)
    }

    /// The name that the example request is about: a counter if the rule takes any.
    fn series(&self) -> String {
        let counter = self.names.iter().find(|name| is_counter(name));
        let name = counter.or(self.names.first());
        name.cloned().unwrap_or_else(|| "some_series".to_owned())
    }

    pub(super) fn findings(&self, known: &dyn Resources) -> Vec<Found> {
        let mut found = Vec::new();
        let series_query = query::series_query(&self.written.series_query);
        found.extend(series_query.map(|finding| ("seriesQuery", finding)));
        found.extend(self.name().map(|finding| ("name", finding)));
        let mapping = self.mapping.findings(known);
        found.extend(mapping.into_iter().map(|finding| ("resources", finding)));
        if self.is_external() {
            self.external(&mut found);
        } else {
            self.custom(known, &mut found);
        }
        found
    }

    /// What is wrong with the name that the rule exposes.
    fn name(&self) -> Option<Finding> {
        let finding = |message: String| Finding::new(FindingKind::Pattern, message);
        let matches = self.written.name.matches.as_str();
        let only = self.matchers.as_ref().and_then(NameMatchers::exact);
        if let Some(only) = only
            && self.rule.metric_name(only).is_none()
        {
            let message = format!(
                "`{only}` is the only name that `seriesQuery` finds, and the rule leaves it out"
            );
            let help = "Let `name.matches` and `seriesFilters` take the name.";
            return Some(finding(message).help(help));
        }
        if let Some(group) = names::missing_group(matches, &self.written.name.as_) {
            let message = format!("name.as refers to `{group}`, and `matches` has no such group");
            let help = match group.trim_start_matches('$').split_once('_') {
                Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => {
                    format!(
                        "It stands for nothing. For text behind a group write `${{{number}}}_{rest}`."
                    )
                }
                _ => "It stands for nothing: refer to a group that `matches` has.".to_owned(),
            };
            return Some(finding(message).help(help));
        }
        let exposed = self
            .names
            .iter()
            .filter_map(|name| self.rule.metric_name(name));
        let mut odd = exposed.filter(|name| name.contains(['/', '%']));
        if let Some(name) = odd.next() {
            let message = format!("the metric is called `{name}`, and no request can name it");
            return Some(finding(message).help("Leave `/` and `%` out of `name.as`."));
        }
        self.empty_name()
    }

    fn empty_name(&self) -> Option<Finding> {
        let exposed = |name: &String| self.rule.metric_name(name);
        let empty = !self.names.is_empty()
            && self
                .names
                .iter()
                .all(|name| exposed(name).as_deref() == Some(""));
        empty.then(|| {
            Finding::new(
                FindingKind::Pattern,
                "name.as gives an empty name: the metric is never listed",
            )
            .help("Refer to a group that `matches` has, `$1` to `$9`, or write a name.")
        })
    }

    fn custom(&self, known: &dyn Resources, found: &mut Vec<Found>) {
        if self.mapping.is_empty() {
            let message = "the rule maps no label to a resource";
            let finding = Finding::new(FindingKind::NoResource, message);
            found.push(("resources", finding));
            return;
        }
        let objects = self.mapping.objects(known);
        let namespace = self.mapping.namespace();
        let namespaced: Vec<&ApiResource> = objects
            .iter()
            .map(|(resource, _)| &**resource)
            .filter(|resource| resource.namespaced)
            .collect();
        if namespace.is_none() && !namespaced.is_empty() {
            let message = format!(
                "{} cannot be asked for: the rule has no label for the namespace",
                query::list(&namespaced)
            );
            let finding = Finding::new(FindingKind::NamespaceUnmapped, message);
            found.push(("resources", finding));
        }
        let only_cluster_wide = namespaced.is_empty()
            && !objects.is_empty()
            && namespace.is_none()
            && objects
                .iter()
                .all(|(resource, _)| !resource.version.is_empty());
        if only_cluster_wide {
            let resources: Vec<&ApiResource> = objects.iter().map(|(r, _)| &**r).collect();
            let message = format!("the rule serves {} only", query::list(&resources));
            found.push(("resources", Finding::new(FindingKind::NodeOnly, message)));
        }
        self.queries(&objects, namespace.as_deref(), found);
    }

    fn queries(
        &self,
        objects: &[(std::sync::Arc<ApiResource>, String)],
        namespace: Option<&str>,
        found: &mut Vec<Found>,
    ) {
        let is_namespace = |resource: &ApiResource| Some("namespaces") == Some(&*resource.plural);
        // Everybody maps the namespace, to find it; hardly anybody asks for metrics of it.
        let asked: Vec<&(std::sync::Arc<ApiResource>, String)> = objects
            .iter()
            .filter(|(resource, _)| objects.len() == 1 || !is_namespace(resource))
            .collect();
        let mut lost: Vec<&ApiResource> = Vec::new();
        let mut judged = None;
        for (resource, label) in asked {
            let request = Request {
                series: self.series(),
                namespace: namespace.filter(|_| resource.namespaced).map(str::to_owned),
                object: Some(label.clone()),
                also: None,
            };
            match Query::new(&|data| self.render(data), request) {
                Err(finding) => {
                    found.push(("metricsQuery", finding));
                    return;
                }
                Ok(query) if query.never_matches().is_some() => {
                    let never = query.never_matches();
                    found.extend(never.map(|finding| ("metricsQuery", finding)));
                    return;
                }
                Ok(query) if query.loses_object() => lost.push(resource),
                Ok(query) => {
                    // Pods are what autoscaling is about.
                    if judged.is_none() || resource.plural == "pods" {
                        judged = Some((&**resource, query));
                    }
                }
            }
        }
        let mut add = |finding| found.push(("metricsQuery", finding));
        if !lost.is_empty() {
            let message = format!(
                "the label of {} is gone from the result",
                query::list(&lost)
            );
            add(Finding::new(FindingKind::LabelsLost, message));
        }
        let Some((resource, query)) = judged else {
            return;
        };
        query.findings().into_iter().for_each(&mut add);
        if let Some(message) = query.several_series() {
            add(Finding::new(FindingKind::SeveralSeries, message));
        }
        self.matchers(&query, resource).map(&mut add);
        if resource.plural == "pods"
            && let Some(unit) = units::summed(query.expr())
        {
            let message = match unit {
                Unit::Percent => "a pod with two GPUs at 60 % has 120 %",
                _ => "a pod with two series at 0.6 has 1.2",
            };
            add(Finding::new(FindingKind::PercentagesSummed, message));
        }
        if let Some(finding) = self.unit(&query) {
            found.push(("name", finding));
        }
    }

    fn matchers(&self, query: &Query, resource: &ApiResource) -> Option<Finding> {
        let of = if resource.namespaced {
            "values of other namespaces count in"
        } else {
            "every request reads all objects, and a metric selector is ignored"
        };
        if query.ignores_the_request() {
            let message = format!("no selector of the query has the request's matchers: {of}");
            return Some(Finding::new(FindingKind::MatchersMissing, message));
        }
        let unlimited = query.unlimited();
        // Samples of other nodes are told apart by their label.
        if unlimited.is_empty() || !resource.namespaced {
            return None;
        }
        let message = format!(
            "`{}` is read without the request's matchers: {of}",
            unlimited.join("`, `")
        );
        Some(Finding::new(FindingKind::MatchersMissing, message))
    }

    fn unit(&self, query: &Query) -> Option<Finding> {
        let exposed = self.rule.metric_name(&self.series())?;
        let gives = units::unit(query.expr())?;
        let promises = units::promised(&exposed)?;
        let message = match (promises, gives) {
            (Unit::Percent, Unit::Ratio) => {
                format!("`{exposed}` goes from 0 to 1 and is called percent")
            }
            (Unit::Ratio, Unit::Percent) => {
                format!("`{exposed}` goes from 0 to 100 and is called a ratio")
            }
            _ => return None,
        };
        Some(Finding::new(FindingKind::UnitConfusion, message))
    }

    fn external(&self, found: &mut Vec<Found>) {
        let namespace = self.mapping.namespace();
        if self.rule.namespaced() && namespace.is_none() {
            let message = "the metric cannot be asked for: a request has a namespace, and the \
                           rule has no label for it";
            let finding = Finding::new(FindingKind::NamespaceUnmapped, message);
            found.push(("resources", finding));
        }
        let render = |data: &QueryData| self.render(data);
        let grouped = query::uses_group_by(&render, &self.series());
        if grouped {
            let message = "the query uses `GroupBy`, which is empty here";
            let finding = Finding::new(FindingKind::ExternalGroupBy, message);
            found.push(("metricsQuery", finding));
        }
        let request = Request {
            series: self.series(),
            namespace: namespace.filter(|_| self.rule.namespaced()),
            ..Request::default()
        };
        let limited = request.namespace.is_some();
        let query = match Query::new(&render, request) {
            Ok(query) => query,
            // `by (, x)` is the finding above.
            Err(finding) if grouped && finding.kind == FindingKind::InvalidPromql => return,
            Err(finding) => {
                found.push(("metricsQuery", finding));
                return;
            }
        };
        let mut add = |finding| found.push(("metricsQuery", finding));
        query.findings().into_iter().for_each(&mut add);
        let unlimited = query.unlimited();
        if limited && !unlimited.is_empty() {
            let message = format!(
                "`{}` is read without the request's matchers: values of other namespaces count in",
                unlimited.join("`, `")
            );
            add(Finding::new(FindingKind::MatchersMissing, message));
        }
        if let Some(finding) = self.unit(&query) {
            found.push(("name", finding));
        }
    }
}
