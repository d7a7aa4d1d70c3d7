//! Recorded decisions of Kubernetes 1.36.1.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_replicas::api::HorizontalPodAutoscalerSpec;
use serde_json::Value;

const FAMILIES: &[&str] = &["defaults"];

fn run(family: &str, check: impl Fn(&Value) -> Result<(), String> + std::panic::RefUnwindSafe) {
    concertina_testkit::run(env!("CARGO_MANIFEST_DIR"), "hpa", family, FAMILIES, check);
}

#[test]
fn defaults() {
    run("defaults", |case| {
        let spec = serde_json::from_value::<HorizontalPodAutoscalerSpec>(case["spec"].clone());
        let spec = spec.map_err(|error| error.to_string())?.defaulted();
        let got = serde_json::to_value(spec).unwrap();
        if got == case["defaulted"] {
            return Ok(());
        }
        Err(format!("{got} instead of {}", case["defaulted"]))
    });
}
