//! What a policy may ask for beyond Kubernetes, beside its spec.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PolicyError;
use super::spec::{HorizontalPodAutoscalerSpec, MetricSourceType, MetricSpec, MetricTargetType};
use super::validation::{Findings, check_metric};

/// A day, the longest time that a field takes, in seconds.
const MAX_SECONDS: i32 = 86_400;

/// What a policy asks for beyond Kubernetes. By default it asks for nothing, and decisions are
/// kube-controller-manager's. [`beyond`](crate::beyond) shows each field at work.
///
/// # Which of them wins
///
/// 1. A scale that cannot be read is not changed.
/// 2. [`Activation`] decides between zero and not zero, with or without the gate `HPAScaleToZero`.
///    The metrics of the spec neither scale to zero nor from it while there is an activation.
///    * *Idle* for the whole cool-down: zero, whatever `minReplicas` is and the metrics ask for. Only
///      [`OnMissing::Hold`] keeps a count that has a missing metric from falling, even to zero;
///      [`OnMissing::LastGood`] does so once the metric's last count is too old.
///    * *Active*, at a zero that the autoscaler chose: `minReplicas`, at least 1, or more if the
///      Object and External metrics of the spec ask for more. Zero replicas that somebody else chose
///      stay, as in Kubernetes.
///    * An activation metric that is *missing* is not idle: the cool-down begins anew. At zero it
///      changes nothing, except that [`OnMissing::Replicas`] gives its count.
/// 3. While active, `minReplicas` holds, and is 1 where the spec says 0.
/// 4. A metric of the spec that is missing is treated as [`OnMissing`] says, and the largest of the
///    counts that metrics ask for wins as ever. Stabilization and `behavior` follow; `maxReplicas`
///    always holds. Pods that [`Readiness`] leaves out are not missing; when it leaves none, the
///    metric is.
/// 5. [`MaxChange`] comes last and cuts every change: also one to or from zero, and one back into
///    `minReplicas` to `maxReplicas`.
///
/// ```
/// use concertina_replicas::api::{OnMissing, Safety};
///
/// let safety: Safety = serde_json::from_str(r#"{
///     "onMissing": {"type": "LastGood", "maxAgeSeconds": 120},
///     "readiness": {"minAgeSeconds": 60, "readyOnly": true},
///     "maxChange": {"scaleDown": 1},
///     "activation": {"cooldownSeconds": 600, "metric": {"type": "External", "external": {
///         "metric": {"name": "queue_length"}, "target": {"type": "Value", "value": "1"}}}}
/// }"#).unwrap();
/// assert_eq!(safety.on_missing, OnMissing::LastGood { max_age_seconds: 120 });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Safety {
    /// What a metric that is missing means.
    #[serde(skip_serializing_if = "OnMissing::is_kubernetes")]
    pub on_missing: OnMissing,
    /// Which pods count in the average of a Pods metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
    /// By how much one decision may change the count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_change: Option<MaxChange>,
    /// When the workload has no replicas at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

/// What a metric that is missing means. A metric is missing when it gives no count: it could not be
/// read, or has no value for any pod that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OnMissingForm", into = "OnMissingForm")]
#[non_exhaustive]
pub enum OnMissing {
    /// As in Kubernetes: the other metrics may scale out, not in, and without any nothing happens.
    /// Pods without a sample count as exactly on target when they would shrink the workload, and as
    /// zero when they would grow it; the rest of the pods may still shrink it.
    #[default]
    Kubernetes,
    /// The count does not fall while a metric is missing, or is missing for one of its pods. Other
    /// metrics may scale out.
    Hold,
    /// The missing metric asks for this count.
    Replicas {
        /// The count, from `minReplicas` to `maxReplicas`.
        replicas: i32,
    },
    /// The missing metric asks for the count that it asked for when it was last there, for some
    /// time; after that the count holds as with [`OnMissing::Hold`]. (What is remembered is the
    /// count: the value would be multiplied by a count that it has already changed, again and again.)
    LastGood {
        /// How long that count is good, in seconds.
        max_age_seconds: i32,
    },
}

impl OnMissing {
    fn is_kubernetes(&self) -> bool {
        *self == Self::Kubernetes
    }
}

/// [`OnMissing`] as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OnMissingForm {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replicas: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age_seconds: Option<i32>,
}

impl TryFrom<OnMissingForm> for OnMissing {
    type Error = PolicyError;

    fn try_from(form: OnMissingForm) -> Result<Self, PolicyError> {
        let kind = form.kind.as_str();
        let required = |field: &str| {
            let problem = format!("is required for type {kind}");
            PolicyError::new(format!("onMissing.{field}"), problem)
        };
        let read = match kind {
            "Kubernetes" => Self::Kubernetes,
            "Hold" => Self::Hold,
            "Replicas" => Self::Replicas {
                replicas: form.replicas.ok_or_else(|| required("replicas"))?,
            },
            "LastGood" => Self::LastGood {
                max_age_seconds: form
                    .max_age_seconds
                    .ok_or_else(|| required("maxAgeSeconds"))?,
            },
            other => {
                let problem =
                    format!("`{other}` is none; write Kubernetes, Hold, Replicas or LastGood");
                return Err(PolicyError::new("onMissing.type", problem));
            }
        };
        let there = [
            ("replicas", form.replicas.is_some(), "Replicas"),
            ("maxAgeSeconds", form.max_age_seconds.is_some(), "LastGood"),
        ];
        for (field, there, of) in there {
            if there && of != kind {
                let problem = format!("must not be set for type {kind}");
                return Err(PolicyError::new(format!("onMissing.{field}"), problem));
            }
        }
        Ok(read)
    }
}

impl From<OnMissing> for OnMissingForm {
    fn from(on_missing: OnMissing) -> Self {
        let (kind, replicas, max_age_seconds) = match on_missing {
            OnMissing::Kubernetes => ("Kubernetes", None, None),
            OnMissing::Hold => ("Hold", None, None),
            OnMissing::Replicas { replicas } => ("Replicas", Some(replicas), None),
            OnMissing::LastGood { max_age_seconds } => ("LastGood", None, Some(max_age_seconds)),
        };
        Self {
            kind: kind.to_owned(),
            replicas,
            max_age_seconds,
        }
    }
}

/// Which pods count in the average of a Pods metric. Kubernetes averages over all that run, so that
/// a model that is still loading dilutes the average (it does no work yet) or inflates it (loading
/// is work).
///
/// A pod that is left out is treated as if neither it nor its sample were there. The average over
/// the others, times their number, is the count that is asked for; but an average above its target
/// never lowers the count, and one below never raises it. When no pod is left, the metric is
/// missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Readiness {
    /// Pods that started less than this many seconds ago, or not yet, are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_age_seconds: Option<i32>,
    /// Pods whose `Ready` condition is not `True` are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ready_only: bool,
}

impl Readiness {
    /// `minAgeSeconds`; zero when it is absent or negative.
    #[must_use]
    pub fn min_age(&self) -> Duration {
        self.min_age_seconds.map_or(Duration::ZERO, seconds)
    }
}

/// By how much one decision may change the count, in replicas. `behavior` limits the change within
/// a time; this one holds however often is decided, and for every change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MaxChange {
    /// How many may be added; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<i32>,
    /// How many may be taken away; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<i32>,
}

impl MaxChange {
    /// The count nearest to `desired` that one decision may go to.
    ///
    /// ```
    /// use concertina_replicas::api::MaxChange;
    ///
    /// let cap = MaxChange { scale_up: Some(2), scale_down: None };
    /// assert_eq!((cap.limit(3, 9), cap.limit(9, 0)), (5, 0));
    /// ```
    #[must_use]
    pub fn limit(&self, current: i32, desired: i32) -> i32 {
        let highest = self.scale_up.map(|n| current.saturating_add(n.max(0)));
        let lowest = self.scale_down.map(|n| current.saturating_sub(n.max(0)));
        desired
            .min(highest.unwrap_or(i32::MAX))
            .max(lowest.unwrap_or(i32::MIN))
    }
}

/// When the workload has no replicas at all: it goes to zero once its activation metric has been
/// below a threshold for a whole cool-down, and comes back as soon as the metric is at the
/// threshold or above. The cool-down takes the place of stabilization and of `behavior`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Activation {
    /// An Object or External metric, because pods that are not there have none. The `value` of its
    /// target, which is of type `Value`, is the threshold.
    pub metric: MetricSpec,
    /// How long the metric has to be below the threshold, in seconds; 300 when absent.
    #[serde(default = "five_minutes")]
    pub cooldown_seconds: i32,
}

fn five_minutes() -> i32 {
    300
}

impl Activation {
    /// The threshold, in thousandths; None when the metric has none, which validation refuses.
    #[must_use]
    pub fn threshold_milli(&self) -> Option<i64> {
        let value = self.metric.target()?.value?;
        Some(value.milli_value())
    }

    /// The cool-down.
    #[must_use]
    pub fn cooldown(&self) -> Duration {
        seconds(self.cooldown_seconds)
    }
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

impl Safety {
    /// Everything that is wrong with it, in the order of the fields. `spec` is the one beside it,
    /// with its defaults filled in.
    ///
    /// ```
    /// use concertina_replicas::api::{HorizontalPodAutoscalerSpec, MaxChange, Safety};
    ///
    /// let max_change = MaxChange { scale_up: Some(0), scale_down: None };
    /// let safety = Safety { max_change: Some(max_change), ..Safety::default() };
    /// let errors = safety.validate(&HorizontalPodAutoscalerSpec::default().defaulted());
    /// assert_eq!(errors[0].to_string(), "safety.maxChange.scaleUp: must be at least 1, and is 0");
    /// ```
    #[must_use]
    pub fn validate(&self, spec: &HorizontalPodAutoscalerSpec) -> Vec<PolicyError> {
        let mut found = Findings::default();
        self.on_missing(&mut found, spec);
        self.readiness(&mut found, spec);
        if let Some(cap) = &self.max_change {
            for (field, most) in [("scaleUp", cap.scale_up), ("scaleDown", cap.scale_down)] {
                if let Some(most) = most.filter(|most| *most < 1) {
                    let problem = format!("must be at least 1, and is {most}");
                    found.add(format!("safety.maxChange.{field}"), problem);
                }
            }
            if *cap == MaxChange::default() {
                found.add("safety.maxChange", "needs scaleUp, scaleDown or both");
            }
        }
        if let Some(activation) = &self.activation {
            activation.check(&mut found);
        }
        found.into_errors()
    }

    fn on_missing(&self, found: &mut Findings, spec: &HorizontalPodAutoscalerSpec) {
        match self.on_missing {
            OnMissing::Kubernetes | OnMissing::Hold => {}
            OnMissing::Replicas { replicas } => {
                let (min, max) = (spec.min_replicas(), spec.max_replicas);
                if !(min..=max).contains(&replicas) {
                    let problem = format!(
                        "must be from minReplicas to maxReplicas ({min} to {max}), and is \
                         {replicas}"
                    );
                    found.add("safety.onMissing.replicas", problem);
                }
            }
            OnMissing::LastGood { max_age_seconds } => {
                check_seconds(found, "safety.onMissing.maxAgeSeconds", 1, max_age_seconds);
            }
        }
    }

    fn readiness(&self, found: &mut Findings, spec: &HorizontalPodAutoscalerSpec) {
        let Some(readiness) = self.readiness else {
            return;
        };
        if let Some(age) = readiness.min_age_seconds {
            check_seconds(found, "safety.readiness.minAgeSeconds", 1, age);
        } else if !readiness.ready_only {
            found.add(
                "safety.readiness",
                "needs minAgeSeconds, readyOnly: true or both",
            );
        }
        let pods = |metric: &MetricSpec| metric.kind == MetricSourceType::Pods;
        if !spec.metrics.iter().any(pods) {
            let problem = "only means something for Pods metrics, and spec.metrics has none";
            found.add("safety.readiness", problem);
        }
    }
}

impl Activation {
    fn check(&self, found: &mut Findings) {
        let path = "safety.activation.metric";
        check_metric(found, path, &self.metric);
        let field = match &self.metric.kind {
            MetricSourceType::Object => "object",
            MetricSourceType::External => "external",
            MetricSourceType::Other(_) => "",
            other => {
                let problem = format!(
                    "must be Object or External, because without pods no {other} metric is there"
                );
                found.add(format!("{path}.type"), problem);
                ""
            }
        };
        if let Some(target) = self.metric.target().filter(|_| !field.is_empty()) {
            let path = format!("{path}.{field}.target");
            if target.kind != MetricTargetType::Value || target.value.is_none() {
                let problem = "must be of type Value, with the threshold as its value";
                found.add(path.as_str(), problem);
            }
            if target.average_value.is_some() {
                let problem = "must not be set: without pods there is no average";
                found.add(format!("{path}.averageValue"), problem);
            }
        }
        check_seconds(
            found,
            "safety.activation.cooldownSeconds",
            0,
            self.cooldown_seconds,
        );
    }
}

fn check_seconds(found: &mut Findings, path: &str, least: i32, seconds: i32) {
    if !(least..=MAX_SECONDS).contains(&seconds) {
        let problem = format!("must be from {least} to {MAX_SECONDS}, and is {seconds}");
        found.add(path, problem);
    }
}
