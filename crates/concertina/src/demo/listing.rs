//! Whether the metrics of the autoscaler can be asked for, and the wait until they can.

use std::io::Write;
use std::time::Duration;

use concertina_mapping::lint::SeriesByQuery;
use concertina_metrics_api::types::ApiVersion;
use concertina_model::GroupResource;
use concertina_sources::Clock;
use tokio::time::Instant;

use super::DemoError;
use super::input::Input;
use super::parts::Parts;
use super::screen::{Screen, Style};
use crate::probe::Probe;

/// How long somebody may take to tell a Prometheus to scrape the exporter, in real time.
const FIRST_SCRAPE: Duration = Duration::from_secs(300);
/// How long a metric may take after the first series of a rule.
const FIRST_METRIC: Duration = Duration::from_secs(30);
/// Between looks.
const PAUSE: Duration = Duration::from_millis(50);

/// After the first scrape of the demo's own store: what is not there now will never be.
pub(super) async fn check(parts: &Parts, input: &Input) -> Result<(), DemoError> {
    match unlisted(parts, input) {
        None => Ok(()),
        Some(metric) => {
            let series = series(parts, input).await?;
            Err(input.rules.lack_with(metric, &series))
        }
    }
}

/// Waits for the series that a Prometheus has to scrape first.
pub(super) async fn wait<W: Write>(
    parts: &Parts,
    input: &Input,
    screen: &mut Screen<W>,
) -> Result<(), DemoError> {
    let begun = Instant::now();
    let mut found: Option<Instant> = None;
    let most = FIRST_SCRAPE.as_secs();
    let text = format!("\nWaiting until Prometheus has the series, at most {most} s");
    screen.line(Style::Plain, text)?;
    while let Some(metric) = unlisted(parts, input) {
        let catalogue = parts.adapter.catalogue();
        if found.is_none() && catalogue.rules().any(|(_, health)| health.series > 0) {
            found = Some(Instant::now());
        }
        let waited = begun.elapsed();
        if found.is_some_and(|found| found.elapsed() > FIRST_METRIC) {
            let series = series(parts, input).await?;
            let lack = input.rules.lack_with(metric, &series);
            return Err(DemoError::Failed(format!(
                "Prometheus has scraped the exporter, and {lack}"
            )));
        }
        if waited > FIRST_SCRAPE {
            let error = catalogue
                .rules()
                .find_map(|(_, health)| health.error.clone());
            let why = error.unwrap_or_else(|| {
                format!(
                    "Prometheus has no series of the rules; does it scrape {}, as the \
                     configuration above says?",
                    parts.exporter
                )
            });
            return Err(DemoError::Failed(format!(
                "pods/{metric} did not appear in the metrics API within {most} s: {why}"
            )));
        }
        let seconds = waited.as_secs();
        screen.progress(format!("{seconds} of {most} s: waiting for pods/{metric}"))?;
        tokio::time::sleep(PAUSE).await;
    }
    // The scrape may have come while the rules were listed one by one: what is there now is listed
    // whole.
    parts.adapter.relist(parts.clock.now()).await;
    Ok(())
}

/// Prints the list of the custom metrics API, as it answers.
pub(super) async fn print<W: Write>(
    parts: &Parts,
    input: &Input,
    screen: &mut Screen<W>,
) -> Result<(), DemoError> {
    let listed = parts.metrics.resources(ApiVersion::V1beta1).await;
    let listed = listed.map_err(|error| DemoError::Failed(error.to_string()))?;
    let missing = names(input)
        .map(|metric| format!("pods/{metric}"))
        .find(|name| listed.iter().all(|resource| resource.name != *name));
    if let Some(missing) = missing {
        return Err(DemoError::Failed(format!(
            "the custom metrics API does not list {missing}, which a rule gives"
        )));
    }
    let title = "\n$ kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1   (names only)";
    screen.line(Style::Heading, title)?;
    for resource in listed {
        let scope = if resource.namespaced {
            "   namespaced"
        } else {
            ""
        };
        let line = format!("  {}{scope}", resource.name);
        screen.line(Style::Plain, line)?;
    }
    Ok(())
}

fn names(input: &Input) -> impl Iterator<Item = &str> {
    let metrics = input.hpa.spec.metrics.iter();
    metrics.map(|metric| metric.name())
}

/// The first metric of the autoscaler that nobody can ask for yet.
fn unlisted<'i>(parts: &Parts, input: &'i Input) -> Option<&'i str> {
    let catalogue = parts.adapter.catalogue();
    let pods = GroupResource::core("pods");
    names(input).find(|metric| catalogue.entry(metric, &pods).is_none())
}

/// What the source answers to the rules' series queries.
async fn series(parts: &Parts, input: &Input) -> Result<SeriesByQuery, DemoError> {
    let probe = Probe::of_source(parts.source.clone());
    let series = probe.series(&input.rules.series_queries()).await;
    series.map_err(|error| DemoError::Failed(error.to_string()))
}
