//! The series that a rule finds: those of a Prometheus, or one that is made up.

use std::collections::BTreeSet;

use concertina_model::{Labels, METRIC_NAME};
use concertina_rules::{DiscoveryRule, Rule};

use crate::lint::SeriesByQuery;
use crate::names::{example_names, name_exposed_as};

/// The value of a label that is made up.
pub(super) const SOME_NAMESPACE: &str = "NAMESPACE";
pub(super) const SOME_OBJECT: &str = "NAME";

/// What a rule's series query gives.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) listed: Result<Vec<Labels>, String>,
    /// Whether nobody was asked.
    pub(super) made_up: bool,
}

impl Series {
    /// What Prometheus answered; without one, a series that would be exposed as `metric`, or any
    /// that the rule takes.
    pub(super) fn of(
        rule: &Rule,
        written: &DiscoveryRule,
        series: Option<&SeriesByQuery>,
        metric: Option<&str>,
    ) -> Self {
        if let Some(series) = series {
            let unasked = || Err("the series were not asked for".to_owned());
            return Self {
                listed: series
                    .get(&written.series_query)
                    .cloned()
                    .unwrap_or_else(unasked),
                made_up: false,
            };
        }
        let names = match metric {
            Some(metric) => name_exposed_as(rule, written, metric).into_iter().collect(),
            None => example_names(rule, written, &["some"]),
        };
        let labels = labels(written);
        let listed = names.into_iter().map(|name| {
            let own = labels.iter().map(|(label, value)| (label.as_str(), *value));
            Labels::from_pairs(own.chain([(METRIC_NAME, name.as_str())]))
        });
        Self {
            listed: Ok(listed.collect()),
            made_up: true,
        }
    }
}

/// Every label that the rule maps; pods and namespaces of a template.
fn labels(written: &DiscoveryRule) -> Vec<(String, &'static str)> {
    let value = |resource: &str| match resource {
        "namespace" | "namespaces" => SOME_NAMESPACE,
        _ => SOME_OBJECT,
    };
    let overrides = written.resources.overrides.iter();
    let mut labels: Vec<(String, &'static str)> = overrides
        .map(|(label, resource)| (label.clone(), value(&resource.resource)))
        .collect();
    if let Ok(template) = concertina_rules::LabelTemplate::parse(&written.resources.template) {
        labels.extend(["namespace", "pod"].map(|name| (template.label("", name), value(name))));
    }
    labels
}

/// The names of the labels that any of these has.
pub(super) fn label_names<'a>(series: &[&'a Labels]) -> Vec<&'a str> {
    let names: BTreeSet<&str> = series
        .iter()
        .flat_map(|labels| labels.iter().map(|(name, _)| name))
        .filter(|name| *name != METRIC_NAME)
        .collect();
    names.into_iter().collect()
}

/// The first few of `names`, and how many more there are.
pub(super) fn some<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    const SHOWN: usize = 6;
    let names: Vec<S> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let mut text = shown.join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// The query for all series of a name; None when no series can have it.
pub(super) fn by_name(name: &str) -> Option<String> {
    let mut letters = name.chars();
    let first = letters.next()?;
    let begins = first.is_ascii_alphabetic() || "_:".contains(first);
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    (begins && goes_on).then(|| format!("{{{METRIC_NAME}=\"{name}\"}}"))
}
