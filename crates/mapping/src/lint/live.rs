//! A rule against the series that a Prometheus has.

use std::collections::BTreeSet;

use concertina_model::Labels;

use super::rule::{Found, Subject};
use super::{Finding, FindingKind, SeriesByQuery, query};
use crate::known::{Flavour, System, known as known_metric, looks_like_an_exporter};
use crate::{ApiResource, Resources};

pub(super) fn findings(
    subject: &Subject<'_>,
    series: &SeriesByQuery,
    known: &dyn Resources,
) -> Vec<Found> {
    let listed = match series.get(&subject.written.series_query) {
        None => return Vec::new(),
        Some(Err(error)) => {
            let finding = Finding::new(FindingKind::SeriesRefused, error.clone());
            return vec![("seriesQuery", finding)];
        }
        Some(Ok(listed)) => listed,
    };
    let taken: Vec<&Labels> = listed
        .iter()
        .filter(|labels| {
            let name = labels.metric_name().unwrap_or_default();
            subject
                .rule
                .metric_name(name)
                .is_some_and(|metric| !metric.is_empty())
        })
        .collect();
    if taken.is_empty() {
        return vec![no_series(listed)];
    }
    if subject.is_external() {
        return external(subject, &taken).into_iter().collect();
    }
    labels(subject, &taken, known).into_iter().collect()
}

/// The names of the labels that any of the series has.
fn label_names<'a>(taken: &[&'a Labels]) -> Vec<&'a str> {
    let names: BTreeSet<&str> = taken
        .iter()
        .flat_map(|labels| labels.iter().map(|(name, _)| name))
        .filter(|name| *name != concertina_model::METRIC_NAME)
        .collect();
    names.into_iter().collect()
}

/// Of an external metric only the namespace is asked by a label.
fn external(subject: &Subject<'_>, taken: &[&Labels]) -> Option<Found> {
    let label = subject.mapping.namespace();
    let label = label.filter(|_| subject.rule.namespaced())?;
    let names = label_names(taken);
    (!names.contains(&label.as_str())).then(|| {
        let message = format!(
            "a request selects its namespace by `{label}`, which no series has; they have {}",
            names.join(", ")
        );
        let finding = Finding::new(FindingKind::WrongLabels, message).help(
            "Map the label of the series that names the namespace, or write `namespaced: false`.",
        );
        ("resources", finding)
    })
}

fn no_series(listed: &[Labels]) -> Found {
    let names: BTreeSet<&str> = listed.iter().filter_map(Labels::metric_name).collect();
    if names.is_empty() {
        let message = "Prometheus has no series for it now";
        return ("seriesQuery", Finding::new(FindingKind::NoSeries, message));
    }
    let shown: Vec<String> = names.iter().take(3).map(|n| format!("`{n}`")).collect();
    let message = format!(
        "Prometheus has {} series for it, such as of {}, and none of them passes `seriesFilters` \
         and `name.matches`",
        listed.len(),
        shown.join(", ")
    );
    ("name", Finding::new(FindingKind::NoSeries, message))
}

/// Whether the labels that the rule maps are those that the series have.
fn labels(subject: &Subject<'_>, taken: &[&Labels], known: &dyn Resources) -> Option<Found> {
    let mapping = &subject.mapping;
    let names = label_names(taken);
    let there: Vec<(std::sync::Arc<ApiResource>, &str)> = names
        .iter()
        .filter_map(|name| Some((mapping.resource_of(name, known)?, *name)))
        .collect();
    let objects = mapping.objects(known);
    // What nothing names: the pod, or everything that is asked for.
    let missing: Vec<&ApiResource> = objects
        .iter()
        .map(|(resource, _)| &**resource)
        .filter(|resource| !there.iter().any(|(found, _)| **found == **resource))
        .collect();
    let all_gone = !objects.is_empty() && missing.len() == objects.len()
        || objects.is_empty()
            && mapping
                .override_labels()
                .all(|label| !names.contains(&label));
    let important =
        |resource: &&&ApiResource| all_gone || matches!(&*resource.plural, "pods" | "namespaces");
    let missing: Vec<&ApiResource> = missing.iter().filter(important).copied().collect();
    if !missing.is_empty() || all_gone {
        return Some(("resources", wrong_labels(subject, &missing, &names)));
    }
    // Of several labels for a resource the first is the one that queries use.
    let unused = objects.iter().find_map(|(resource, label)| {
        let (_, used) = there.iter().find(|(found, _)| found == resource)?;
        (!names.contains(&label.as_str())).then_some((resource, label, *used))
    });
    if let Some((resource, label, used)) = unused {
        let message = format!(
            "queries select {} by `{label}`, which no series has; they have `{used}`",
            query::list(&[&**resource])
        );
        let help = format!("Leave `{label}` out of `overrides`, or write `{used}` before it.");
        let finding = Finding::new(FindingKind::WrongLabels, message).help(help);
        return Some(("resources", finding));
    }
    exporter_pod(subject, taken, &names).map(|finding| ("resources", finding))
}

fn wrong_labels(subject: &Subject<'_>, missing: &[&ApiResource], names: &[&str]) -> Finding {
    let mapped: Vec<&str> = subject.mapping.override_labels().collect();
    let absent: Vec<String> = mapped
        .iter()
        .filter(|label| !names.contains(*label))
        .map(|label| format!("`{label}`"))
        .collect();
    let what = match query::list(missing) {
        list if list.is_empty() => "no resource".to_owned(),
        list => list,
    };
    let message = if absent.is_empty() {
        format!(
            "no label of the series names {what}; they have {}",
            names.join(", ")
        )
    } else {
        format!(
            "no series has {}, so that none names {what}; they have {}",
            absent.join(", "),
            names.join(", ")
        )
    };
    let finding = Finding::new(FindingKind::WrongLabels, message);
    match Flavour::of(names) {
        Some(flavour) if !mapped.contains(&flavour.pod()) => finding.help(format!(
            "The pod is in `{pod}`: write `overrides: {{{namespace}: {{resource: namespace}}, \
             {pod}: {{resource: pod}}}}`.",
            pod = flavour.pod(),
            namespace = flavour.namespace(),
        )),
        _ => finding.help(
            "Map labels that the series have; when none names a pod, let the exporter add it \
             (dcgm-exporter: `--kubernetes`), or relabel.",
        ),
    }
}

/// Whether the mapped `pod` is the exporter that was scraped, or the mapped `namespace` the
/// exporter's.
fn exporter_pod(subject: &Subject<'_>, taken: &[&Labels], names: &[&str]) -> Option<Finding> {
    let plain = Flavour::Plain.pod();
    let namespace = Flavour::Plain.namespace();
    let exported = Flavour::Exported;
    if names.contains(&exported.namespace())
        && subject.mapping.namespace().as_deref() == Some(namespace)
        && subject.mapping.core_label("pods", "pod").as_deref() == Some(exported.pod())
    {
        let message = format!(
            "the series have `{}`, too: `{namespace}` is the namespace that was scraped, and a \
             request for pods of another one finds nothing",
            exported.namespace()
        );
        let help = format!(
            "Write `{}: {{resource: namespace}}` in its place.",
            exported.namespace()
        );
        return Some(Finding::new(FindingKind::ExporterPod, message).help(help));
    }
    let maps_plain = match subject.mapping.core_label("pods", "pod") {
        Some(label) => label == plain,
        None => false,
    };
    if !maps_plain {
        return None;
    }
    let example = |labels: &&&Labels| labels.get(plain).is_some();
    let pod = taken
        .iter()
        .find(example)
        .and_then(|labels| labels.get(plain))?;
    if Flavour::of(names) == Some(Flavour::Exported) {
        let message = format!(
            "the series have `exported_pod`, too: `pod` is the pod that was scraped, such as \
             `{pod}`"
        );
        return Some(Finding::new(FindingKind::ExporterPod, message));
    }
    let gpu = |labels: &&Labels| {
        labels
            .metric_name()
            .and_then(known_metric)
            .is_some_and(|metric| {
                matches!(
                    metric.system,
                    System::Dcgm | System::Ack | System::Hami | System::Cce
                )
            })
    };
    let own = taken
        .iter()
        .all(|labels| gpu(labels) && looks_like_an_exporter(labels));
    own.then(|| {
        let message = format!("every series has an exporter as its `pod`, such as `{pod}`");
        Finding::new(FindingKind::ExporterPod, message).help(
            "Let the exporter name the pods that use its GPUs (dcgm-exporter: `--kubernetes`), \
             and set `honorLabels: true` for the scrape.",
        )
    })
}
