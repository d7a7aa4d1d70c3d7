//! Specs and statuses that the API server takes.

use std::collections::BTreeMap;

use concertina_model::{LabelSelectorObject, Quantity, Timestamp};
use concertina_replicas::api::{
    ContainerResourceMetricSource, CrossVersionObjectReference, ExternalMetricSource,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus,
    HpaScalingPolicy, HpaScalingRules, MetricIdentifier, MetricSpec, MetricTarget,
    ObjectMetricSource, PodsMetricSource, ResourceMetricSource, ScalingPolicySelect,
};
use concertina_replicas::status::{Condition, ConditionStatus, ConditionType, MetricValue, Status};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}[a-z0-9]"
}

fn quantity() -> impl Strategy<Value = Quantity> {
    let texts = prop_oneof![
        (1..1_000_000_i64).prop_map(|n| n.to_string()),
        (1..1_000_000_i64).prop_map(|n| format!("{n}m")),
        (1..1000_i64).prop_map(|n| format!("{n}Mi")),
        Just("9223372036854775807".to_owned()),
    ];
    texts.prop_map(|text| text.parse().unwrap())
}

fn identifier() -> impl Strategy<Value = MetricIdentifier> {
    let labels: BoxedStrategy<BTreeMap<String, String>> = btree_map(name(), name(), 0..3).boxed();
    let selector = labels.prop_map(|match_labels| LabelSelectorObject {
        match_labels,
        match_expressions: Vec::new(),
    });
    (name(), option::of(selector)).prop_map(|(name, selector)| MetricIdentifier { name, selector })
}

fn reference() -> impl Strategy<Value = CrossVersionObjectReference> {
    let version = prop_oneof![Just(""), Just("v1"), Just("apps/v1")];
    (version, "[A-Z][a-z]{1,8}", name()).prop_map(|(version, kind, name)| {
        CrossVersionObjectReference {
            api_version: version.to_owned(),
            kind,
            name,
        }
    })
}

/// A scale target names its group.
fn scale_target() -> impl Strategy<Value = CrossVersionObjectReference> {
    let version = prop_oneof![Just("apps/v1"), Just("argoproj.io/v1alpha1")];
    (version, reference()).prop_map(|(version, reference)| CrossVersionObjectReference {
        api_version: version.to_owned(),
        ..reference
    })
}

fn average() -> impl Strategy<Value = MetricTarget> {
    quantity().prop_map(MetricTarget::average_value)
}

fn whole() -> impl Strategy<Value = MetricTarget> {
    prop_oneof![average(), quantity().prop_map(MetricTarget::value)]
}

fn resource() -> impl Strategy<Value = MetricTarget> {
    prop_oneof![average(), (1..1000).prop_map(MetricTarget::utilization)]
}

fn metric() -> impl Strategy<Value = MetricSpec> {
    let of_container = prop_oneof![Just("cpu"), Just("memory"), Just("nvidia.com/gpu")];
    prop_oneof![
        (identifier(), average())
            .prop_map(|(metric, target)| MetricSpec::pods(PodsMetricSource { metric, target })),
        (identifier(), whole()).prop_map(|(metric, target)| {
            MetricSpec::external(ExternalMetricSource { metric, target })
        }),
        (identifier(), whole(), reference()).prop_map(|(metric, target, described_object)| {
            MetricSpec::object(ObjectMetricSource {
                described_object,
                target,
                metric,
            })
        }),
        (name(), resource())
            .prop_map(|(name, target)| MetricSpec::resource(ResourceMetricSource { name, target })),
        (of_container, resource(), name()).prop_map(|(name, target, container)| {
            MetricSpec::container_resource(ContainerResourceMetricSource {
                name: name.to_owned(),
                target,
                container,
            })
        }),
    ]
}

fn rules() -> impl Strategy<Value = HpaScalingRules> {
    let policy = (any::<bool>(), 1..200, 1..=1800).prop_map(|(pods, value, period)| {
        if pods {
            HpaScalingPolicy::pods(value, period)
        } else {
            HpaScalingPolicy::percent(value, period)
        }
    });
    let select = prop_oneof![
        Just(ScalingPolicySelect::Max),
        Just(ScalingPolicySelect::Min),
        Just(ScalingPolicySelect::Disabled)
    ];
    (
        option::of(0..=3600),
        option::of(select),
        option::of(vec(policy, 1..3)),
        option::of(quantity()),
    )
        .prop_map(
            |(window, select_policy, policies, tolerance)| HpaScalingRules {
                stabilization_window_seconds: window,
                select_policy,
                policies,
                tolerance,
            },
        )
}

fn behavior() -> impl Strategy<Value = HorizontalPodAutoscalerBehavior> {
    (option::of(rules()), option::of(rules())).prop_map(|(scale_up, scale_down)| {
        HorizontalPodAutoscalerBehavior {
            scale_up,
            scale_down,
        }
    })
}

/// A spec with its defaults filled in.
pub(crate) fn spec() -> impl Strategy<Value = HorizontalPodAutoscalerSpec> {
    (
        scale_target(),
        1..5,
        5..i32::MAX,
        vec(metric(), 0..4),
        option::of(behavior()),
    )
        .prop_map(|(target, min, max, metrics, behavior)| {
            HorizontalPodAutoscalerSpec {
                scale_target_ref: target,
                min_replicas: Some(min),
                max_replicas: max,
                metrics,
                behavior,
            }
            .defaulted()
        })
}

/// A spec and a status that was decided with it.
pub(crate) fn decided()
-> impl Strategy<Value = (HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus)> {
    let seconds = (0..4_000_000_000_i64).prop_map(|s| Timestamp::from_millis(s * 1000));
    let value = (
        option::of(quantity()),
        option::of(quantity()),
        option::of(0..200),
    )
        .prop_map(|(value, average_value, average_utilization)| MetricValue {
            value,
            average_value,
            average_utilization,
        });
    let status = prop_oneof![
        Just(ConditionStatus::True),
        Just(ConditionStatus::False),
        Just(ConditionStatus::Unknown)
    ];
    let condition = (status, name(), ".{0,20}", seconds.clone()).prop_map(
        |(status, reason, message, last_transition)| Condition {
            kind: ConditionType::AbleToScale,
            status,
            reason: reason.into(),
            message: message.into(),
            last_transition,
        },
    );
    (
        spec(),
        option::of(vec(option::of(value), 4)),
        vec(condition, 0..2),
        option::of(seconds),
        (0..9, 0..9, option::of(0..9_i64)),
    )
        .prop_map(
            |(spec, current_metrics, conditions, at, (current, desired, generation))| {
                let status = Status {
                    current_replicas: current,
                    desired_replicas: desired,
                    last_scale_time: at,
                    conditions,
                    current_metrics,
                };
                let status = HorizontalPodAutoscalerStatus::new(&spec, &status, generation);
                (spec, status)
            },
        )
}
