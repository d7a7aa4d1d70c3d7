//! Expositions that a real Prometheus 2.42 scraped, and what became of each: `vectors/exposition.json`
//! has the text, its format, whether the scrape succeeded, and the series that were stored.
#![cfg(feature = "scrape")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use concertina_sources::exposition::{Format, parse_as};

#[derive(serde::Deserialize)]
struct Case {
    format: String,
    text: String,
    up: bool,
    /// Prometheus' own words, for whoever reads a failure.
    error: String,
    series: Vec<(BTreeMap<String, String>, String)>,
}

/// Prometheus has no quoted names before 3.0; these are read here.
fn is_newer(case: &Case) -> bool {
    case.text.contains("{\"")
}

#[test]
fn expositions_are_read_as_prometheus_reads_them() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("vectors/exposition.json")).unwrap();
    let mut failures = Vec::new();
    for case in cases.iter().filter(|case| !is_newer(case)) {
        let format = match &*case.format {
            "openmetrics" => Format::OpenMetrics,
            _ => Format::Text,
        };
        let read = parse_as(case.text.as_bytes(), format);
        if read.is_ok() != case.up {
            failures.push(format!(
                "{:?}: read {:?}, recorded {:?}",
                case.text,
                read.map(|_| ()),
                case.error
            ));
            continue;
        }
        let mut ours = BTreeMap::new();
        for sample in read.map(|read| read.samples).unwrap_or_default() {
            // Prometheus stores nothing from before its head.
            if sample
                .timestamp
                .is_some_and(|at| at.as_millis() < 1_700_000_000_000)
            {
                continue;
            }
            let labels = sample.labels.iter().filter(|(name, _)| !is_own(name));
            let labels: BTreeMap<_, _> = labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            // Of several samples of a series the first stays.
            ours.entry(labels).or_insert(sample.value);
        }
        let theirs = case.series.iter().map(|(labels, value)| {
            let mut labels = labels.clone();
            labels.retain(|name, _| !is_own(name) && !name.starts_with("exported_"));
            (labels, value.parse::<f64>().unwrap())
        });
        let theirs: BTreeMap<_, _> = theirs.collect();
        // Debug, because NaN is no equal of itself.
        if format!("{ours:?}") != format!("{theirs:?}") {
            failures.push(format!("{:?}: {ours:?}, recorded {theirs:?}", case.text));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.len() > 200, "{} cases", cases.len());
}

/// Labels that a target has or renames.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "job" | "instance" | "exported_job" | "exported_instance"
    )
}
