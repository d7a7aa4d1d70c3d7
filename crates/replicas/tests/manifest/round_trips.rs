//! What is written is read again, in the current version and in old ones.

use std::collections::BTreeMap;

use concertina_replicas::api::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec,
    MetricIdentifier, MetricSpec, ObjectMeta, ValidationOptions, read_all,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{read, strategy};

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: name.to_owned(),
        annotations: BTreeMap::from([("note".to_owned(), "{a: b} # c\n---\n'\u{e9}".to_owned())]),
        ..ObjectMeta::default()
    }
}

fn fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

/// A metric as the API server writes it in `v2beta1`.
fn old_metric(metric: &MetricSpec) -> Value {
    let json = |value: &dyn erased::Json| Some(value.json());
    let target = metric.target().unwrap();
    let value = target.value.as_ref().map(|v| v.json());
    let average = target.average_value.as_ref().map(|v| v.json());
    let utilization = target.average_utilization.map(|v| v.json());
    let named = |id: &MetricIdentifier, selector: &'static str| {
        [
            ("metricName", json(&id.name)),
            (selector, id.selector.as_ref().map(|s| s.json())),
        ]
    };
    let (field, source) = if let Some(source) = &metric.pods {
        let [name, selector] = named(&source.metric, "selector");
        (
            "pods",
            fields([name, selector, ("targetAverageValue", average)]),
        )
    } else if let Some(source) = &metric.external {
        let [name, selector] = named(&source.metric, "metricSelector");
        let values = [("targetValue", value), ("targetAverageValue", average)];
        let [value, average] = values;
        ("external", fields([name, selector, value, average]))
    } else if let Some(source) = &metric.object {
        let [name, selector] = named(&source.metric, "selector");
        let object: &CrossVersionObjectReference = &source.described_object;
        let rest = [
            ("target", json(object)),
            ("targetValue", value),
            ("averageValue", average),
        ];
        let [object, value, average] = rest;
        ("object", fields([name, selector, object, value, average]))
    } else {
        let values = [
            ("targetAverageUtilization", utilization),
            ("targetAverageValue", average),
        ];
        let [utilization, average] = values;
        let name = ("name", json(&metric.name().to_owned()));
        match &metric.container_resource {
            Some(source) => {
                let container = ("container", json(&source.container));
                (
                    "containerResource",
                    fields([name, container, utilization, average]),
                )
            }
            None => ("resource", fields([name, utilization, average])),
        }
    };
    json!({"type": metric.kind.as_str(), field: source})
}

mod erased {
    use serde::Serialize;
    use serde_json::Value;

    pub(super) trait Json {
        fn json(&self) -> Value;
    }

    impl<T: Serialize> Json for T {
        fn json(&self) -> Value {
            serde_json::to_value(self).unwrap()
        }
    }
}

use erased::Json;

/// `v2beta1` holds a value for every Object metric, so that one with only an average is lost on it.
fn fits_v2beta1(spec: &HorizontalPodAutoscalerSpec) -> bool {
    let objects = spec
        .metrics
        .iter()
        .filter_map(|metric| metric.object.as_ref());
    objects
        .map(|object| &object.target)
        .all(|target| target.value.is_some())
}

/// An old manifest: metrics in the spec or in an annotation, behavior in one, as Go writes it.
fn old(version: &str, spec: &HorizontalPodAutoscalerSpec) -> String {
    let metrics: Vec<Value> = spec.metrics.iter().map(old_metric).collect();
    let mut annotations = Map::new();
    if let Some(behavior) = &spec.behavior {
        let text = capitals(behavior.json()).to_string();
        annotations.insert(
            "autoscaling.alpha.kubernetes.io/behavior".to_owned(),
            text.into(),
        );
    }
    let mut body = json!({"scaleTargetRef": spec.scale_target_ref.json(),
        "minReplicas": spec.min_replicas, "maxReplicas": spec.max_replicas});
    match version {
        "autoscaling/v1" => {
            let text = json!(metrics).to_string();
            annotations.insert(
                "autoscaling.alpha.kubernetes.io/metrics".to_owned(),
                text.into(),
            );
        }
        _ => body["metrics"] = json!(metrics),
    }
    json!({"apiVersion": version, "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": annotations}, "spec": body})
    .to_string()
}

/// The names of fields with a capital, as Go writes types without names for JSON.
fn capitals(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name[..1].to_uppercase() + &name[1..], capitals(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(capitals).collect(),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_current_version((spec, status) in strategy::decided()) {
        let object = HorizontalPodAutoscaler { metadata: named("web"), spec, status: Some(status) };
        let text = serde_json::to_string_pretty(&object).unwrap();
        prop_assert_eq!(&read(&text).unwrap().object, &object);
        let all = read_all(&format!("{text}\n---\n{text}"), ValidationOptions::default());
        prop_assert_eq!(all.len(), 2);
        prop_assert!(all.into_iter().all(|read| read.unwrap().object == object));
    }

    #[test]
    fn old_versions(spec in strategy::spec().prop_filter("an average alone", fits_v2beta1)) {
        for version in ["autoscaling/v1", "autoscaling/v2beta1"] {
            let manifest = read(&old(version, &spec)).unwrap();
            prop_assert!(manifest.object.metadata.annotations.is_empty());
            prop_assert_eq!(&manifest.object.spec, &spec, "{}", version);
        }
    }

    #[test]
    fn any_text_is_a_manifest_or_an_error_with_a_text(text in any::<String>(), cut in 0..2000_usize) {
        for text in [text.clone(), old("autoscaling/v1", &HorizontalPodAutoscalerSpec::default()
            .defaulted()).chars().take(cut).collect::<String>() + &text] {
            if let Err(error) = read(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
            let _ = read_all(&text, ValidationOptions::default());
        }
    }
}
