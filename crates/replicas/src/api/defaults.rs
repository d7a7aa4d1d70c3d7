//! What the API server fills in (autoscaling/v2, Kubernetes 1.36).

use super::spec::{
    HorizontalPodAutoscalerSpec, HpaScalingPolicy, HpaScalingRules, MetricSpec, MetricTarget,
    ResourceMetricSource, ScalingPolicySelect,
};

impl HorizontalPodAutoscalerSpec {
    /// Fills in what is absent, as the API server does when it reads an object: `minReplicas` 1,
    /// CPU at 80 % when there is no metric, and both rule sets as soon as there is a `behavior`.
    ///
    /// ```
    /// use concertina_replicas::api::HorizontalPodAutoscalerSpec;
    ///
    /// let mut spec: HorizontalPodAutoscalerSpec = serde_json::from_str(r#"{
    ///     "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "bert"},
    ///     "maxReplicas": 10, "behavior": {}
    /// }"#).unwrap();
    /// spec.set_defaults();
    /// let up = spec.behavior.unwrap().scale_up.unwrap();
    /// assert_eq!(up.stabilization_window_seconds, Some(0));
    /// assert_eq!(up.policies.unwrap().len(), 2); // 4 pods or 100 %, in 15 s
    /// ```
    pub fn set_defaults(&mut self) {
        self.min_replicas.get_or_insert(1);
        if self.metrics.is_empty() {
            self.metrics.push(default_metric());
        }
        if let Some(behavior) = &mut self.behavior {
            let up = behavior.scale_up.get_or_insert_default();
            up.stabilization_window_seconds.get_or_insert(0);
            fill(
                up,
                &[
                    HpaScalingPolicy::pods(4, 15),
                    HpaScalingPolicy::percent(100, 15),
                ],
            );
            let down = behavior.scale_down.get_or_insert_default();
            fill(down, &[HpaScalingPolicy::percent(100, 15)]);
        }
    }

    /// The spec with what [`Self::set_defaults`] fills in.
    #[must_use]
    pub fn defaulted(mut self) -> Self {
        self.set_defaults();
        self
    }
}

/// What a policy without metrics looks at: CPU at 80 % of what is requested.
pub(crate) fn default_metric() -> MetricSpec {
    MetricSpec::resource(ResourceMetricSource {
        name: "cpu".to_owned(),
        target: MetricTarget::utilization(80),
    })
}

fn fill(rules: &mut HpaScalingRules, policies: &[HpaScalingPolicy]) {
    rules.select_policy.get_or_insert(ScalingPolicySelect::Max);
    rules.policies.get_or_insert_with(|| policies.to_vec());
}
