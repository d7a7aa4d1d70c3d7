//! What each rule gives.

use std::collections::{BTreeMap, BTreeSet};

use concertina_model::Labels;
use concertina_rules::{RuleFile, compile};
use serde::Serialize;

use super::Question;
use super::series::{Series, some};
use super::usage::{UsageQuery, usage};
use crate::lint::{RuleList, RulePlace, SeriesByQuery};
use crate::names::NameMatchers;
use crate::{LabelMapper, Resources};

/// A metric that a rule gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Offered {
    /// Its name.
    pub metric: String,
    /// The series behind it.
    pub series: String,
    /// Each resource that it is served for, with the label that names its objects; empty for an
    /// external metric.
    pub resources: BTreeMap<String, String>,
    /// Whether the name is made up: one of those that the rule's patterns take.
    #[serde(skip_serializing_if = "is_false")]
    pub example: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A rule, and what it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleOverview {
    /// Which rule.
    pub rule: RulePlace,
    /// The line on which it begins.
    pub line: u32,
    /// `seriesQuery`.
    pub series_query: String,
    /// How many series it found; None when nobody was asked.
    pub series: Option<usize>,
    /// Why it gives nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What it gives.
    pub offered: Vec<Offered>,
}

/// What a rule file gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// What each rule gives.
    pub rules: Vec<RuleOverview>,
    /// How the use of pods and nodes is asked for (`resourceRules`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<UsageQuery>,
}

/// What each rule of a file gives: with `series`, now; without, if its series were there.
#[must_use]
pub fn overview(
    file: &RuleFile,
    series: Option<&SeriesByQuery>,
    known: &dyn Resources,
) -> Overview {
    Overview {
        rules: rules(file, series, known),
        usage: file
            .resource_rules
            .as_ref()
            .map(|rules| usage(rules, known))
            .unwrap_or_default(),
    }
}

impl Overview {
    /// What to do when no rule is about the metric of a question.
    pub(super) fn nothing_concerns(&self, question: &Question) -> String {
        let list = match question.resource {
            Some(_) => RuleList::Rules,
            None => RuleList::ExternalRules,
        };
        let of_list = self.rules.iter().filter(|rule| rule.rule.list == list);
        let served: BTreeSet<&str> = of_list
            .flat_map(|rule| rule.offered.iter().map(|offered| offered.metric.as_str()))
            .collect();
        let wanted = question.metric.to_lowercase();
        let near = |name: &&str| {
            let name = name.to_lowercase();
            name.contains(&wanted) || wanted.contains(&name)
        };
        let quoted = |name: &str| format!("`{name}`");
        let close = served.iter().copied().filter(near).map(quoted);
        let close: Vec<String> = close.collect();
        if !close.is_empty() {
            return format!("Did you mean {}?", some(close));
        }
        let rule = format!(
            "Add a rule to `{list}` with a `seriesQuery` for it; `concertina init` drafts some."
        );
        match served.is_empty() {
            true => rule,
            false => {
                let served = served.into_iter().map(quoted);
                format!("{rule} The file gives {}.", some(served))
            }
        }
    }
}

fn rules(
    file: &RuleFile,
    series: Option<&SeriesByQuery>,
    known: &dyn Resources,
) -> Vec<RuleOverview> {
    let lists = [
        (RuleList::Rules, &file.rules),
        (RuleList::ExternalRules, &file.external_rules),
    ];
    let mut all = Vec::new();
    for (list, rules) in lists {
        for (index, (written, rule)) in rules.iter().zip(compile(rules)).enumerate() {
            let mut overview = RuleOverview {
                rule: RulePlace {
                    list,
                    number: index + 1,
                },
                line: written.line,
                series_query: written.series_query.clone(),
                series: None,
                problem: None,
                offered: Vec::new(),
            };
            match rule {
                Err(error) => overview.problem = Some(error.problem.to_string()),
                Ok(rule) => {
                    let found = Series::of(&rule, written, series, None);
                    let mapper = LabelMapper::new(rule.labels(), known);
                    match (found.listed, mapper) {
                        (Err(error), _) => overview.problem = Some(error),
                        (_, Err(error)) => overview.problem = Some(error.to_string()),
                        (Ok(listed), Ok(mapper)) => {
                            overview.series = (!found.made_up).then_some(listed.len());
                            let external = list == RuleList::ExternalRules;
                            let exposed = |labels: &Labels| {
                                let series = labels.metric_name()?.to_owned();
                                let metric = rule.metric_name(&series)?;
                                Some((metric, series))
                            };
                            overview.offered = offered(&listed, exposed, |label| {
                                let found = mapper.resource(label, known).filter(|_| !external);
                                found.map(|found| found.group_resource().to_string())
                            });
                            let names = NameMatchers::of(&written.series_query);
                            let exact = names.is_some_and(|names| names.exact().is_some());
                            for offered in &mut overview.offered {
                                offered.example = found.made_up && !exact;
                            }
                            overview.problem = overview.nothing(external, listed.len());
                        }
                    }
                }
            }
            all.push(overview);
        }
    }
    all
}

impl RuleOverview {
    fn nothing(&self, external: bool, listed: usize) -> Option<String> {
        let mapped = |offered: &Offered| external || !offered.resources.is_empty();
        let reason = match (self.series, self.offered.is_empty()) {
            (Some(0), _) => "Prometheus has no series for it",
            (Some(_), true) => "no series passes `seriesFilters` and `name`",
            (None, true) if listed == 0 => return None,
            _ if !self.offered.iter().any(mapped) => "no label of the series names a resource",
            _ => return None,
        };
        Some(reason.to_owned())
    }
}

fn offered(
    listed: &[Labels],
    exposed: impl Fn(&Labels) -> Option<(String, String)>,
    resource: impl Fn(&str) -> Option<String>,
) -> Vec<Offered> {
    let mut labels: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for series in listed {
        let Some((metric, name)) = exposed(series) else {
            continue;
        };
        if metric.is_empty() {
            continue;
        }
        let names = series.iter().map(|(label, _)| label);
        labels.entry((metric, name)).or_default().extend(names);
    }
    let offered = labels
        .into_iter()
        .map(|((metric, series), labels)| Offered {
            metric,
            series,
            resources: labels
                .into_iter()
                .filter_map(|label| Some((resource(label)?, label.to_owned())))
                .collect(),
            example: false,
        });
    offered.collect()
}
