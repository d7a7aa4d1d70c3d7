//! What the API server refuses (Kubernetes 1.36), with the path of the field.

use concertina_model::Quantity;

use super::PolicyError;
use super::meta::is_dns_label;
use super::spec::{
    CrossVersionObjectReference, HorizontalPodAutoscalerSpec, HpaScalingPolicy,
    HpaScalingPolicyType, HpaScalingRules, MetricIdentifier, MetricSourceType, MetricSpec,
    MetricTarget, MetricTargetType, ScalingPolicySelect,
};

/// The longest stabilization window, in seconds.
const MAX_WINDOW: i32 = 3600;
/// The longest period of a policy, in seconds.
const MAX_PERIOD: i32 = 1800;

/// What a validation allows beyond the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValidationOptions {
    /// `minReplicas: 0`, which the API server takes when its gate `HPAScaleToZero` is on.
    pub scale_to_zero: bool,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings(Vec<PolicyError>);

impl Findings {
    pub(super) fn add(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(PolicyError::new(path, problem));
    }

    pub(super) fn into_errors(self) -> Vec<PolicyError> {
        self.0
    }

    fn require(&mut self, path: &str, field: &str, value: &str) {
        if value.is_empty() {
            self.add(format!("{path}.{field}"), "is required");
        }
    }
}

impl HorizontalPodAutoscalerSpec {
    /// Everything that the API server would refuse, in the order of the fields. The spec is
    /// expected with its defaults filled in.
    ///
    /// ```
    /// use concertina_replicas::api::{HorizontalPodAutoscalerSpec, ValidationOptions};
    ///
    /// let spec: HorizontalPodAutoscalerSpec = serde_json::from_str(r#"{
    ///     "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "bert"},
    ///     "maxReplicas": 0
    /// }"#).unwrap();
    /// let errors = spec.defaulted().validate(ValidationOptions::default());
    /// assert_eq!(errors[0].to_string(), "spec.maxReplicas: must be at least 1, and is 0");
    /// ```
    #[must_use]
    pub fn validate(&self, options: ValidationOptions) -> Vec<PolicyError> {
        let mut found = Findings::default();
        let (min, max) = (self.min_replicas(), self.max_replicas);
        let lowest = if options.scale_to_zero { 0 } else { 1 };
        if min < lowest {
            let more = match (min, lowest) {
                (0, 1) => "; 0 needs the feature gate HPAScaleToZero",
                _ => "",
            };
            let problem = format!("must be at least {lowest}, and is {min}{more}");
            found.add("spec.minReplicas", problem);
        }
        if max < 1 {
            let problem = format!("must be at least 1, and is {max}");
            found.add("spec.maxReplicas", problem);
        }
        if max < min {
            let problem = format!("must not be below minReplicas, and {max} is below {min}");
            found.add("spec.maxReplicas", problem);
        }
        self.scale_target(&mut found);
        for (index, metric) in self.metrics.iter().enumerate() {
            check_metric(&mut found, &format!("spec.metrics[{index}]"), metric);
        }
        if min == 0 && !self.metrics.iter().any(MetricSpec::exists_without_pods) {
            let problem = "needs an Object or External metric when minReplicas is 0, because no \
                           pod could be measured";
            found.add("spec.metrics", problem);
        }
        if let Some(behavior) = &self.behavior {
            for (name, rules) in [
                ("scaleUp", &behavior.scale_up),
                ("scaleDown", &behavior.scale_down),
            ] {
                if let Some(rules) = rules {
                    check_rules(&mut found, &format!("spec.behavior.{name}"), rules);
                }
            }
        }
        found.into_errors()
    }

    /// Only a ReplicationController is of the core group. (Since Kubernetes 1.34.)
    fn scale_target(&self, found: &mut Findings) {
        let target = &self.scale_target_ref;
        reference(found, "spec.scaleTargetRef", target);
        let group = target.api_version.split_once('/').map_or("", |(g, _)| g);
        if group.is_empty() && target.kind != "ReplicationController" {
            let problem = "needs the API group of the kind, such as apps/v1 for a Deployment";
            found.add("spec.scaleTargetRef.apiVersion", problem);
        }
    }
}

/// Names become segments of paths of the API.
fn segment(found: &mut Findings, path: &str, field: &str, name: &str) {
    if name.is_empty() {
        found.require(path, field, name);
    } else if name == "." || name == ".." || name.contains(['/', '%']) {
        let problem = format!("`{name}` must not be `.` or `..`, nor contain `/` or `%`");
        found.add(format!("{path}.{field}"), problem);
    }
}

fn reference(found: &mut Findings, path: &str, reference: &CrossVersionObjectReference) {
    segment(found, path, "kind", &reference.kind);
    segment(found, path, "name", &reference.name);
    let version = &reference.api_version;
    let bad = match version.split_once('/') {
        Some((_, version)) => version.is_empty() || version.contains('/'),
        None => false,
    };
    if bad {
        let problem = format!("`{version}` is none; write GROUP/VERSION such as apps/v1, or v1");
        found.add(format!("{path}.apiVersion"), problem);
    }
}

pub(super) fn check_metric(found: &mut Findings, path: &str, metric: &MetricSpec) {
    let present = [
        ("object", metric.object.is_some()),
        ("external", metric.external.is_some()),
        ("pods", metric.pods.is_some()),
        ("resource", metric.resource.is_some()),
        ("containerResource", metric.container_resource.is_some()),
    ];
    let expected = match &metric.kind {
        MetricSourceType::Object => "object",
        MetricSourceType::External => "external",
        MetricSourceType::Pods => "pods",
        MetricSourceType::Resource => "resource",
        MetricSourceType::ContainerResource => "containerResource",
        MetricSourceType::Other(kind) => {
            let problem = format!(
                "`{kind}` is no type of metric; write Object, Pods, Resource, ContainerResource \
                 or External"
            );
            return found.add(format!("{path}.type"), problem);
        }
    };
    for (field, there) in present {
        if there && field != expected {
            let problem = format!("must not be set for type {}", metric.kind);
            found.add(format!("{path}.{field}"), problem);
        } else if !there && field == expected {
            let problem = format!("is required for type {}", metric.kind);
            found.add(format!("{path}.{field}"), problem);
        }
    }
    let path = format!("{path}.{expected}");
    match &metric.kind {
        MetricSourceType::Object => {
            if let Some(source) = &metric.object {
                let object = &source.described_object;
                reference(found, &format!("{path}.describedObject"), object);
                identifier(found, &path, &source.metric);
                let target = &source.target;
                check_target(found, &path, target);
                value_or_average(found, &path, target);
            }
        }
        MetricSourceType::External => {
            if let Some(source) = &metric.external {
                identifier(found, &path, &source.metric);
                check_target(found, &path, &source.target);
                value_or_average(found, &path, &source.target);
                if source.target.value.is_some() && source.target.average_value.is_some() {
                    let problem = "must not be set beside averageValue";
                    found.add(format!("{path}.target.value"), problem);
                }
            }
        }
        MetricSourceType::Pods => {
            if let Some(source) = &metric.pods {
                identifier(found, &path, &source.metric);
                check_target(found, &path, &source.target);
                if source.target.average_value.is_none() {
                    let problem = "is required: the average over the pods that is aimed at";
                    found.add(format!("{path}.target.averageValue"), problem);
                }
            }
        }
        MetricSourceType::Resource => {
            if let Some(source) = &metric.resource {
                found.require(&path, "name", &source.name);
                resource_target(found, &path, &source.target);
            }
        }
        MetricSourceType::ContainerResource => {
            if let Some(source) = &metric.container_resource {
                container_resource(found, &path, &source.name);
                container(found, &path, &source.container);
                resource_target(found, &path, &source.target);
            }
        }
        MetricSourceType::Other(_) => {}
    }
}

/// A resource that containers can have: one of Kubernetes' own, or one with a domain.
fn container_resource(found: &mut Findings, path: &str, name: &str) {
    let own = matches!(name, "cpu" | "memory" | "ephemeral-storage")
        || name.starts_with("hugepages-")
        || name.split_once('/').is_some_and(|(domain, name)| {
            !domain.is_empty() && !name.is_empty() && !name.contains('/')
        });
    if name.is_empty() {
        found.require(path, "name", name);
    } else if !own {
        let problem = format!(
            "`{name}` is no resource of containers; write cpu, memory, ephemeral-storage, \
             hugepages-SIZE or DOMAIN/NAME"
        );
        found.add(format!("{path}.name"), problem);
    }
}

fn container(found: &mut Findings, path: &str, name: &str) {
    if name.is_empty() {
        found.require(path, "container", name);
    } else if name.len() > 63 || !is_dns_label(name) {
        let problem = format!(
            "`{name}` is none; up to 63 lower-case letters, digits and `-` are, which begin and \
             end with a letter or digit"
        );
        found.add(format!("{path}.container"), problem);
    }
}

fn identifier(found: &mut Findings, path: &str, metric: &MetricIdentifier) {
    segment(found, &format!("{path}.metric"), "name", &metric.name);
}

fn value_or_average(found: &mut Findings, path: &str, target: &MetricTarget) {
    if target.value.is_none() && target.average_value.is_none() {
        let problem = "is required, or value: what is aimed at";
        found.add(format!("{path}.target.averageValue"), problem);
    }
}

fn resource_target(found: &mut Findings, path: &str, target: &MetricTarget) {
    check_target(found, path, target);
    if target.average_utilization.is_none() && target.average_value.is_none() {
        let problem = "is required, or averageValue: what is aimed at";
        found.add(format!("{path}.target.averageUtilization"), problem);
    }
    if target.average_utilization.is_some() && target.average_value.is_some() {
        let problem = "must not be set beside averageUtilization";
        found.add(format!("{path}.target.averageValue"), problem);
    }
}

fn check_target(found: &mut Findings, path: &str, target: &MetricTarget) {
    match &target.kind {
        MetricTargetType::Other(kind) if kind.is_empty() => {
            let problem = "is required: Utilization, Value or AverageValue";
            found.add(format!("{path}.target.type"), problem);
        }
        MetricTargetType::Other(kind) => {
            let problem = format!("`{kind}` is none; write Utilization, Value or AverageValue");
            found.add(format!("{path}.target.type"), problem);
        }
        _ => {}
    }
    for (field, value) in [
        ("value", target.value),
        ("averageValue", target.average_value),
    ] {
        if let Some(value) = value.filter(|value| *value <= Quantity::ZERO) {
            let problem = format!("must be positive, and is {value}");
            found.add(format!("{path}.target.{field}"), problem);
        }
    }
    if let Some(percent) = target.average_utilization.filter(|percent| *percent < 1) {
        let problem = format!("must be at least 1 (percent), and is {percent}");
        found.add(format!("{path}.target.averageUtilization"), problem);
    }
}

fn check_rules(found: &mut Findings, path: &str, rules: &HpaScalingRules) {
    if let Some(window) = rules.stabilization_window_seconds
        && !(0..=MAX_WINDOW).contains(&window)
    {
        let problem = format!("must be from 0 to {MAX_WINDOW}, and is {window}");
        found.add(format!("{path}.stabilizationWindowSeconds"), problem);
    }
    if let Some(ScalingPolicySelect::Other(select)) = &rules.select_policy {
        let problem = format!("`{select}` is none; write Max, Min or Disabled");
        found.add(format!("{path}.selectPolicy"), problem);
    }
    let policies = rules.policies.as_deref().unwrap_or_default();
    if policies.is_empty() {
        let problem = "at least one policy is required";
        found.add(format!("{path}.policies"), problem);
    }
    for (index, policy) in policies.iter().enumerate() {
        check_policy(found, &format!("{path}.policies[{index}]"), policy);
    }
    if let Some(tolerance) = rules.tolerance.filter(|t| *t < Quantity::ZERO) {
        let problem = format!("must not be negative, and is {tolerance}");
        found.add(format!("{path}.tolerance"), problem);
    }
}

fn check_policy(found: &mut Findings, path: &str, policy: &HpaScalingPolicy) {
    if let HpaScalingPolicyType::Other(kind) = &policy.kind {
        let problem = format!("`{kind}` is no type of policy; write Pods or Percent");
        found.add(format!("{path}.type"), problem);
    }
    if policy.value <= 0 {
        let problem = format!("must be positive, and is {}", policy.value);
        found.add(format!("{path}.value"), problem);
    }
    if !(1..=MAX_PERIOD).contains(&policy.period_seconds) {
        let problem = format!(
            "must be from 1 to {MAX_PERIOD}, and is {}",
            policy.period_seconds
        );
        found.add(format!("{path}.periodSeconds"), problem);
    }
}
