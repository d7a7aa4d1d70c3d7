//! Rules that get in each other's way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::rule::Subject;
use super::{Finding, FindingKind, SeriesByQuery};

/// The names of series that a rule is known to take: examples, and what Prometheus has.
fn names(subject: &Subject<'_>, series: Option<&SeriesByQuery>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = subject.names.iter().cloned().collect();
    if let Some(Ok(listed)) = series.and_then(|all| all.get(&subject.written.series_query)) {
        names.extend(
            listed
                .iter()
                .filter_map(|labels| labels.metric_name().map(str::to_owned)),
        );
    }
    names
}

/// Exposed name to the names of the series behind it.
fn exposed(subject: &Subject<'_>, names: BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut exposed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in names {
        match subject.rule.metric_name(&name) {
            Some(metric) if !metric.is_empty() => {
                exposed.entry(metric).or_default().insert(name);
            }
            _ => {}
        }
    }
    exposed
}

/// Whether both rules can serve one resource.
fn meet(a: &Subject<'_>, b: &Subject<'_>) -> bool {
    a.is_external() || a.mapping.meets(&b.mapping)
}

/// Whether the rule asks for one name.
fn is_exact(subject: &Subject<'_>) -> bool {
    let matchers = subject.matchers.as_ref();
    matchers.is_some_and(|names| names.exact().is_some())
}

pub(super) fn findings<'s, 'a>(
    subjects: &'s [Subject<'a>],
    series: Option<&SeriesByQuery>,
) -> Vec<(&'s Subject<'a>, Finding)> {
    let mut findings = Vec::new();
    let tables: Vec<_> = subjects
        .iter()
        .map(|subject| (subject, exposed(subject, names(subject, series))))
        .collect();
    // Rules of one name each clash only where they expose the same one: a file of thousands of them
    // is not compared pair by pair.
    let mut by_metric: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut of_patterns = Vec::new();
    for (index, (subject, table)) in tables.iter().enumerate() {
        if let Some((metric, names)) = table.iter().find(|(_, names)| names.len() > 1) {
            let shown: Vec<String> = names.iter().take(3).map(|n| format!("`{n}`")).collect();
            let message = format!("{} all become `{metric}`", shown.join(", "));
            findings.push((*subject, Finding::new(FindingKind::NamesFolded, message)));
        }
        let mut earlier: BTreeSet<usize> = match is_exact(subject) {
            true => of_patterns.iter().copied().collect(),
            false => (0..index).collect(),
        };
        for metric in table.keys() {
            let others = by_metric.entry(metric).or_default();
            earlier.extend(others.iter());
            others.push(index);
        }
        if !is_exact(subject) {
            of_patterns.push(index);
        }
        let earlier = earlier.into_iter().filter_map(|other| tables.get(other));
        let clash = earlier
            .filter(|(other, _)| meet(other, subject))
            .find_map(|(other, theirs)| Some((other, clash(theirs, table, [other, subject])?)));
        if let Some((other, metric)) = clash {
            let message = format!(
                "`{metric}` is exposed by {} ({}), too; this rule replaces it",
                other.place,
                match other.written.line {
                    0 => "of the chart".to_owned(),
                    line => format!("line {line}"),
                }
            );
            findings.push((*subject, Finding::new(FindingKind::Overlap, message)));
        }
    }
    findings
}

/// A name that both expose: from one series, or from series that each rule asks for by name.
fn clash(
    a: &BTreeMap<String, BTreeSet<String>>,
    b: &BTreeMap<String, BTreeSet<String>>,
    rules: [&Subject<'_>; 2],
) -> Option<String> {
    let by_name = rules.iter().all(|subject| is_exact(subject));
    let same = a.iter().find(|(metric, names)| {
        b.get(*metric)
            .is_some_and(|others| by_name || names.iter().any(|name| others.contains(name)))
    });
    // What one rule takes as an example the other may take as well.
    let taken = || {
        [(a, rules[1]), (b, rules[0])]
            .into_iter()
            .find_map(|(table, other)| {
                let names = other.matchers.as_ref()?;
                let found = table.iter().find(|(metric, series)| {
                    series.iter().any(|name| {
                        names.accept(name) && other.rule.metric_name(name).as_ref() == Some(*metric)
                    })
                });
                found.map(|(metric, _)| metric.clone())
            })
    };
    same.map(|(metric, _)| metric.clone()).or_else(taken)
}
