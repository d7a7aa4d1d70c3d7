//! Any path and query is a request to the metrics API or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let _ = concertina_metrics_api::path::parse(path, query);
});
