//! What goes to the types of k8s-openapi comes back the same.
#![cfg(feature = "k8s-openapi")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "manifest/strategy.rs"]
mod strategy;

use concertina_replicas::api::{HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus};
use k8s_openapi::api::autoscaling::v2;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use proptest::prelude::*;

#[test]
fn what_ours_cannot_hold_is_told() {
    let rules = v2::HPAScalingRules {
        tolerance: Some(Quantity("little".to_owned())),
        ..Default::default()
    };
    let spec = v2::HorizontalPodAutoscalerSpec {
        behavior: Some(v2::HorizontalPodAutoscalerBehavior {
            scale_down: None,
            scale_up: Some(rules),
        }),
        ..Default::default()
    };
    let error = HorizontalPodAutoscalerSpec::try_from(&spec).unwrap_err();
    insta::assert_snapshot!(error, @"it cannot be converted: `little` is no quantity: a number is expected at the start, such as 20, 500m or 16Gi");
}

/// Which version of the API is built against is for the program to choose, not for a library: cargo
/// unites features, and two versions exclude one another.
#[test]
fn the_library_chooses_no_version() {
    let manifests = [
        include_str!("../Cargo.toml"),
        include_str!("../../../Cargo.toml"),
    ];
    let mut section = "";
    let mut lines = manifests.iter().flat_map(|manifest| manifest.lines());
    let chosen = lines.find(|line| {
        if line.starts_with('[') {
            section = line;
        }
        let chooses = ["\"v1_", "\"latest\"", "\"earliest\""];
        section != "[dev-dependencies]" && chooses.iter().any(|version| line.contains(version))
    });
    assert_eq!(chosen, None);
}

proptest! {
    #[test]
    fn there_and_back((spec, status) in strategy::decided()) {
        let theirs = v2::HorizontalPodAutoscalerSpec::try_from(&spec).unwrap();
        prop_assert_eq!(theirs.max_replicas, spec.max_replicas);
        let metrics = theirs.metrics.as_deref().unwrap_or_default();
        prop_assert_eq!(metrics.len(), spec.metrics.len());
        prop_assert_eq!(&HorizontalPodAutoscalerSpec::try_from(&theirs).unwrap(), &spec);

        let theirs = v2::HorizontalPodAutoscalerStatus::try_from(&status).unwrap();
        prop_assert_eq!(theirs.desired_replicas, status.desired_replicas);
        prop_assert_eq!(&HorizontalPodAutoscalerStatus::try_from(&theirs).unwrap(), &status);
    }
}
