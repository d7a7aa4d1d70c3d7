//! Whatever parses can be evaluated, or fails with a text, within its limits.
#![no_main]

use std::sync::LazyLock;

use concertina_model::{Labels, Sample, Timestamp};
use concertina_tsdb::{EvalOptions, STALE_MARKER, Store, StoreOptions, evaluate};
use libfuzzer_sys::fuzz_target;

static STORE: LazyLock<Store> = LazyLock::new(|| {
    let mut store = Store::new(StoreOptions::default());
    for (series, (name, le)) in [("m", "1"), ("m", "+Inf"), ("up", "x")].iter().enumerate() {
        let labels = Labels::from_pairs([("__name__", *name), ("le", le), ("pod", "a")]);
        for (tick, value) in [1.0, f64::NAN, 3.0, f64::INFINITY, 2.0, STALE_MARKER, 7.0]
            .iter()
            .enumerate()
        {
            let timestamp = Timestamp::from_millis((tick as i64 + series as i64) * 15_000);
            let value = *value;
            store
                .append(&labels, Sample { timestamp, value })
                .expect("samples are in order");
        }
    }
    store
});

fuzz_target!(|text: &str| {
    if let Ok(expr) = concertina_promql::parse(text) {
        let options = EvalOptions {
            max_samples: 10_000,
            ..EvalOptions::default()
        };
        let at = Timestamp::from_millis(90_000);
        if let Err(error) = evaluate(&STORE.snapshot(), &expr, at, &options) {
            assert!(!error.to_string().is_empty());
        }
    }
});
