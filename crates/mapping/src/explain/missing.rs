//! Why a rule does not expose a series under the name that is asked for.

use concertina_model::Labels;
use concertina_promql::parse_selector;
use concertina_rules::{DiscoveryRule, Rule, SeriesFilters};

use super::series::{label_names, some};
use crate::names::{LabelMatcher, NameMatchers};

/// How much a rule has to do with a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// It leaves series of this name out.
    Refused,
    /// It exposes series of this name under another one.
    Renamed,
    /// It exposes a series under this name.
    Exposed,
}

/// Why a rule that is about series called `metric` exposes nothing under this name; None when it
/// is about others.
pub(super) fn unexposed(
    rule: &Rule,
    written: &DiscoveryRule,
    listed: &[Labels],
    metric: &str,
) -> Option<(Closeness, (String, Option<String>))> {
    let query = &written.series_query;
    if let Err(error) = parse_selector(query) {
        let help = "Put right the rule's `seriesQuery`.".to_owned();
        return query
            .contains(metric)
            .then(|| (Closeness::Exposed, (error.to_string(), Some(help))));
    }
    let is_listed = listed
        .iter()
        .any(|labels| labels.metric_name() == Some(metric));
    let names = NameMatchers::of(query)?;
    if !is_listed && (names.is_empty() || !names.accept(metric)) {
        return None;
    }
    if let Some(name) = rule.metric_name(metric) {
        let help = format!("Ask for `{name}`, or change `name` of the rule.");
        let found = format!("the rule exposes the series {metric} as {name}");
        return Some((Closeness::Renamed, (found, Some(help))));
    }
    let filters = SeriesFilters::new(&written.series_filters);
    let filtered = filters.is_ok_and(|filters| !filters.accept(metric));
    let key = if filtered {
        "seriesFilters"
    } else {
        "name.matches"
    };
    let found = format!("`{key}` of the rule leaves the series {metric} out");
    let help = format!("Change `{key}`, or add a rule for it.");
    Some((Closeness::Refused, (found, Some(help))))
}

/// Why a series query finds none of the series of a name.
pub(super) fn left_out(
    written: &DiscoveryRule,
    name: &str,
    named: &[Labels],
) -> (String, Option<String>) {
    let query = &written.series_query;
    if named.is_empty() {
        let found = format!("Prometheus has no series called {name}, with whatever labels");
        let help = "Is its exporter scraped, and does it call the metric so?".to_owned();
        return (found, Some(help));
    }
    let matchers = LabelMatcher::of_others(query);
    let value = |labels: &Labels, label: &str| labels.get(label).unwrap_or_default().to_owned();
    let none = |known: &&LabelMatcher| {
        let label = &known.matcher.label;
        !named
            .iter()
            .any(|labels| known.accept(&value(labels, label)))
    };
    let guilty: Vec<String> = matchers
        .iter()
        .filter(none)
        .map(|known| format!("`{}`", known.matcher))
        .collect();
    let by = match guilty.is_empty() {
        true => format!("`{query}`"),
        false => some(guilty),
    };
    let count = named.len();
    let found = format!(
        "Prometheus has {count} series called {name}, and {by} of `seriesQuery` leaves them out"
    );
    let named: Vec<&Labels> = named.iter().collect();
    let help = format!(
        "Change `seriesQuery`: the series have the labels {}.",
        some(label_names(&named))
    );
    (found, Some(help))
}
