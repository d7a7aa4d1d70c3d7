//! What is known of GPU and LLM-serving metrics: units, counters, and the label flavours in which
//! exporters name pods.
//!
//! [`lint`](crate::lint) judges queries by it, [`draft`](crate::draft) writes rules from it.

mod flavour;
mod metrics;

pub use flavour::{Flavour, looks_like_an_exporter};
pub use metrics::{KnownMetric, METRICS, Reading, System, Unit, known};

/// Whether a metric of this name only ever goes up, so that its plain value says nothing about
/// load. Known metrics are looked up; of others the name tells (`_total`, except of capacities,
/// and `_bucket`, `_sum` and `_count` of histograms with a unit in their name).
///
/// ```
/// use concertina_mapping::known::is_counter;
///
/// assert!(is_counter("http_requests_total"));
/// assert!(is_counter("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"));
/// assert!(!is_counter("node_gpu_memory_total"));
/// assert!(!is_counter("kube_pod_container_count"));
/// ```
#[must_use]
pub fn is_counter(name: &str) -> bool {
    if let Some(metric) = known(name) {
        return metric.reading == Reading::Counter;
    }
    if name.ends_with("_bucket") {
        return true;
    }
    if let Some(base) = name.strip_suffix("_total") {
        let capacity = [
            "memory", "mem", "capacity", "size", "limit", "max", "gpus", "gpu",
        ];
        return !capacity.iter().any(|word| base.ends_with(word));
    }
    let histogram = |suffix| {
        name.strip_suffix(suffix).is_some_and(|base| {
            let units = [
                "_seconds",
                "_milliseconds",
                "_duration_ms",
                "_bytes",
                "_tokens",
            ];
            units.iter().any(|unit| base.ends_with(unit))
        })
    };
    histogram("_sum") || histogram("_count")
}
