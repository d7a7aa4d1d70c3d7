//! The store about itself, in the text exposition format.

use std::fmt::Write;

use concertina_tsdb::{Counters, Usage};

/// What a store holds and what it did so far.
pub(super) fn exposition(usage: Usage, counters: Counters) -> String {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(&str, u64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    for (what, help, value) in [
        ("series", "Series in the store.", usage.series),
        ("samples", "Samples of all series.", usage.samples),
        ("bytes", "Memory that series and samples take.", usage.bytes),
    ] {
        let name = format!("concertina_store_{what}");
        family(&name, "gauge", help, &[("", value as u64)]);
    }
    family(
        "concertina_store_samples_appended_total",
        "counter",
        "Samples stored.",
        &[("", counters.appended)],
    );
    family(
        "concertina_store_samples_repeated_total",
        "counter",
        "Samples that were there already.",
        &[("", counters.repeated)],
    );
    family(
        "concertina_store_samples_refused_total",
        "counter",
        "Samples not stored, by reason.",
        &[
            ("{reason=\"conflict\"}", counters.conflicting),
            ("{reason=\"out_of_order\"}", counters.out_of_order),
            ("{reason=\"too_old\"}", counters.too_old),
            ("{reason=\"max_series\"}", counters.over_series),
            ("{reason=\"max_samples\"}", counters.over_samples),
            ("{reason=\"max_bytes\"}", counters.over_bytes),
        ],
    );
    family(
        "concertina_store_samples_evicted_total",
        "counter",
        "Samples given up.",
        &[("", counters.samples_evicted)],
    );
    family(
        "concertina_store_series_created_total",
        "counter",
        "Series that began.",
        &[("", counters.series_created)],
    );
    family(
        "concertina_store_series_evicted_total",
        "counter",
        "Series given up, because no sample of them was left.",
        &[("", counters.series_evicted)],
    );
    family(
        "concertina_store_retention_shortened_total",
        "counter",
        "How often samples younger than the retention were given up to stay below a limit.",
        &[("", counters.retention_shortened)],
    );
    text
}
