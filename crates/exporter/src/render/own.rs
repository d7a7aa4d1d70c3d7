//! Metrics of the exporter's own work.

use super::labels::push;
use super::metric::{Metric, counter, gauge};
use super::text::Text;
use crate::collector::{Collected, STAGES};

const UP: Metric = gauge(
    "concertina_exporter_up",
    "1 when there is a reading that is young enough to be shown.",
);
const AGE: Metric = gauge(
    "concertina_exporter_reading_age_seconds",
    "Age of the last reading that worked.",
);
const TOOK: Metric = gauge(
    "concertina_exporter_collection_duration_seconds",
    "How long the last attempt to read the GPUs and their pods took.",
);
const ATTEMPTS: Metric = counter(
    "concertina_exporter_collections_total",
    "Attempts to read the GPUs and their pods.",
);
const FAILED: Metric = counter(
    "concertina_exporter_collection_failures_total",
    "Attempts that failed, because of the GPUs, of the pods, or at the deadline.",
);

/// Writes what `collected` says of the collector itself.
pub(super) fn write(text: &mut Text, collected: &Collected) {
    let mut one = |metric: &Metric, value: &dyn std::fmt::Display| {
        text.family(metric);
        text.sample(metric, "", value);
    };
    one(&UP, &u8::from(collected.snapshot.is_some()));
    if let Some(age) = collected.age {
        one(&AGE, &age.as_secs_f64());
    }
    if collected.attempts > 0 {
        one(&TOOK, &collected.took.as_secs_f64());
    }
    one(&ATTEMPTS, &collected.attempts);
    text.family(&FAILED);
    for (stage, count) in STAGES.iter().zip(collected.failed) {
        let mut labels = String::new();
        push(&mut labels, "stage", stage);
        text.sample(&FAILED, &labels, count);
    }
}
