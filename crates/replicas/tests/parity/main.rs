//! Recorded decisions of Kubernetes 1.36.1.
//!
//! Of the large families a systematic sample is here: every 8th line of `replicas`, every 5th of
//! `behavior`, every 4th of `reconcile`, every 3rd of `defaults`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod behavior;
mod calculation;
mod json;
mod reconcile;

use concertina_replicas::api::HorizontalPodAutoscalerSpec;
use serde_json::Value;

const FAMILIES: &[&str] = &[
    "defaults",
    "behavior",
    "replicas",
    "reconcile",
    "grouppods",
    "requests",
];

fn run(family: &str, check: impl Fn(&Value) -> Result<(), String> + std::panic::RefUnwindSafe) {
    concertina_testkit::run(env!("CARGO_MANIFEST_DIR"), "hpa", family, FAMILIES, check);
}

/// Nothing when both are equal.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Result<(), String> {
    if got == want {
        return Ok(());
    }
    Err(format!("{what} {got:?} instead of {want:?}"))
}

#[test]
fn defaults() {
    run("defaults", |case| {
        let spec = serde_json::from_value::<HorizontalPodAutoscalerSpec>(case["spec"].clone());
        let spec = spec.map_err(|error| error.to_string())?.defaulted();
        let got = serde_json::to_value(spec).unwrap();
        same("spec", &got, &case["defaulted"])
    });
}

#[test]
fn behavior() {
    run("behavior", behavior::behavior);
}

#[test]
fn reconcile() {
    run("reconcile", reconcile::sequence);
}

#[test]
fn replicas() {
    run("replicas", calculation::replicas);
}

#[test]
fn grouppods() {
    run("grouppods", calculation::groups);
}

#[test]
fn requests() {
    run("requests", calculation::requests);
}
