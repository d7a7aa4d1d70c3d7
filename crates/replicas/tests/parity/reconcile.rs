//! Consecutive reconciles of one autoscaler. The history is saved and restored between them.

use concertina_model::{LabelSelector, Timestamp};
use concertina_replicas::api::HorizontalPodAutoscalerSpec;
use concertina_replicas::observation::{Observation, Pod, Reading, Scale};
use concertina_replicas::status::{Condition, ConditionStatus, ConditionType, MetricValue, Status};
use concertina_replicas::{Decision, History, Policy, reconcile};
use concertina_replicas::{Options, Tolerance};
use serde_json::{Value, json};

use crate::behavior::recommendations;
use crate::json::{int, list, options, pod, samples, text, time};
use crate::same;

/// The messages that go with a reason and are left out.
fn fixed(reason: &str) -> &'static str {
    match reason {
        "ReadyForNewScale" => "recommended size matches current size",
        "ScaleDownStabilized" => {
            "recent recommendations were higher than current one, applying the highest recent \
             recommendation"
        }
        "ScaleUpStabilized" => {
            "recent recommendations were lower than current one, applying the lowest recent \
             recommendation"
        }
        "ScaleUpLimit" => {
            "the desired replica count is increasing faster than the maximum scale rate"
        }
        "ScaleDownLimit" => {
            "the desired replica count is decreasing faster than the maximum scale rate"
        }
        "TooManyReplicas" => "the desired replica count is more than the maximum replica count",
        "TooFewReplicas" => "the desired replica count is less than the minimum replica count",
        "DesiredWithinRange" => "the desired count is within the acceptable range",
        "SucceededGetScale" => "the HPA controller was able to get the target's current scale",
        "ScalingDisabled" => "scaling is disabled since the replica count of the target is zero",
        "ScaledToZero" => "the HPA controller scaled the workload to zero",
        "NotScaledToZero" => "the HPA controller did not scale the workload to zero",
        _ => "",
    }
}

/// A recorded condition; a text that is not compared is `*`.
fn condition(json: &Value) -> Condition {
    let reason = match &json["reason"] {
        Value::Null => "*".to_owned(),
        reason => text(reason),
    };
    let message = match json.get("message") {
        None => fixed(&reason).to_owned(),
        Some(Value::Null) => "*".to_owned(),
        Some(message) if message == "(empty)" => String::new(),
        Some(message) => text(message),
    };
    Condition {
        kind: ConditionType::from(text(&json["type"])),
        status: match json["status"].as_str() {
            Some("True") => ConditionStatus::True,
            Some("False") => ConditionStatus::False,
            _ => ConditionStatus::Unknown,
        },
        reason: reason.into(),
        message: message.into(),
        last_transition: time(&json["lastTransitionTime"]),
    }
}

fn values(json: &Value) -> Option<Vec<Option<MetricValue>>> {
    let value = |json: &Value| {
        // The initial status has whole metrics, a step their `current` alone.
        let kind = text(&json["type"]);
        let mut field = kind.chars();
        let first = field.next().map(|c| c.to_ascii_lowercase());
        let field: String = first.into_iter().chain(field).collect();
        let current = match json.get(&field) {
            Some(source) => &source["current"],
            None => json,
        };
        serde_json::from_value(current.clone()).unwrap()
    };
    Some(json.as_array()?.iter().map(value).collect())
}

fn optional_time(json: &Value) -> Option<Timestamp> {
    json.as_f64().map(|_| time(json))
}

fn reading(json: &Value) -> Result<Reading, String> {
    if let Some(error) = json["error"].as_str() {
        return Err(error.to_owned());
    }
    if let Some(milli) = json["value"].as_i64() {
        return Ok(Reading::Object(milli));
    }
    if json["values"].is_array() {
        let values = list(&json["values"]).filter_map(Value::as_i64);
        return Ok(Reading::External(values.collect()));
    }
    Ok(Reading::Pods(samples(json)))
}

/// An empty list of external values is written as nothing at all.
fn readings(json: &Value, spec: &HorizontalPodAutoscalerSpec) -> Vec<Result<Reading, String>> {
    let specs = spec.metrics.iter();
    let each = list(json)
        .zip(specs)
        .map(|(json, spec)| match reading(json) {
            Ok(Reading::Pods(_)) if spec.external.is_some() => Ok(Reading::External(Vec::new())),
            Ok(Reading::Pods(_)) if spec.object.is_some() => Ok(Reading::Object(0)),
            other => other,
        });
    each.collect()
}

/// A case on its way.
struct Sequence {
    policy: Policy,
    options: Options,
    history: History,
    pods: Vec<Pod>,
    expected: Vec<Condition>,
}

impl Sequence {
    fn new(case: &Value) -> Self {
        let or = |json: &Value, default: &str| json.as_str().unwrap_or(default).to_owned();
        let tolerance = case["controller"]["tolerance"].as_f64().unwrap_or(0.1);
        let initial = &case["initialStatus"];
        let conditions: Vec<Condition> = list(&initial["conditions"]).map(condition).collect();
        Self {
            policy: Policy {
                namespace: or(&case["namespace"], "default"),
                name: or(&case["name"], "web"),
                spec: spec(&case["spec"], case["specDefaulted"] == true),
                ..Policy::default()
            },
            options: Options {
                tolerance: Tolerance::both(tolerance),
                scale_to_zero: case["features"]["HPAScaleToZero"] == true,
                configurable_tolerance: case["features"]["HPAConfigurableTolerance"] != false,
                ..options(&case["controller"])
            },
            history: History {
                recommendations: recommendations(&case["initialRecommendations"]),
                status: Status {
                    current_replicas: int(&initial["currentReplicas"]),
                    desired_replicas: int(&initial["desiredReplicas"]),
                    last_scale_time: optional_time(&initial["lastScaleTime"]),
                    conditions: conditions.clone(),
                    current_metrics: values(&initial["currentMetrics"]),
                },
                ..History::default()
            },
            pods: Vec::new(),
            expected: Vec::new(),
        }
    }

    fn observe(&mut self, case: &Value, step: &Value) -> Observation {
        if step["spec"].is_object() {
            self.policy.spec = spec(&step["spec"], case["specDefaulted"] == true);
        }
        for new in list(&step["pods"]) {
            let new = pod(new, &case["podTemplate"]);
            match self.pods.iter_mut().find(|old| old.name == new.name) {
                Some(old) => *old = new,
                None => self.pods.push(new),
            }
        }
        for name in list(&step["removedPods"]) {
            self.pods
                .retain(|pod| Some(pod.name.as_str()) != name.as_str());
        }
        let target = &self.policy.spec.scale_target_ref;
        let known = matches!(
            (target.api_version.as_str(), target.kind.as_str()),
            ("apps/v1", "Deployment" | "ReplicaSet") | ("v1", "ReplicationController")
        );
        let selector = match &step["selector"] {
            Value::Null => &case["selector"],
            own => own,
        };
        let scale = match step["scaleErrors"]["getScale"].as_str() {
            Some(error) => Err(error.to_owned()),
            None if !known => Err(format!("{} is unknown", target.kind)),
            None => Ok(Scale {
                spec_replicas: int(&step["specReplicas"]),
                status_replicas: int(&step["statusReplicas"]),
                selector: text(selector),
            }),
        };
        let labels = case["podLabels"].as_object();
        let label = |key: &str| match labels {
            Some(labels) => labels.get(key).and_then(Value::as_str),
            None => (key == "app").then_some("web"),
        };
        let matches = text(selector)
            .parse()
            .is_ok_and(|selector: LabelSelector| selector.matches(label));
        let pods = if matches {
            self.pods.clone()
        } else {
            Vec::new()
        };
        Observation {
            scale,
            pods: Ok(pods),
            metrics: readings(&step["metrics"], &self.policy.spec),
            activation: None,
        }
    }

    fn check(&mut self, case: &Value, step: &Value, first: bool) -> Result<(), String> {
        let observation = self.observe(case, step);
        let now = time(&step["time"]);
        let saved = serde_json::to_string(&self.history).unwrap();
        let restored: History = serde_json::from_str(&saved).unwrap();
        same("restored history", &restored, &self.history)?;
        let (mut decision, mut history) =
            reconcile(&self.policy, &self.options, restored, &observation, now);
        if let Some(error) = step["scaleErrors"]["updateScale"].as_str() {
            decision.scale_refused(&mut history, error);
        }
        let sent = decision.status_changed;
        if let Some(error) = step["scaleErrors"]["updateStatus"].as_str()
            && sent
        {
            decision.status_refused(&mut history, error);
        }
        same("status", &history.status, &decision.status)?;
        self.history = history;
        let out = &step["out"];
        same("statusUnchanged", &!sent, &(out["statusUnchanged"] == true))?;
        compare(&decision, out)?;
        self.conditions(&decision, out, first)
    }

    fn conditions(&mut self, got: &Decision, out: &Value, first: bool) -> Result<(), String> {
        if first {
            self.expected.clear();
        }
        for new in list(&out["conditions"]).map(condition) {
            match self.expected.iter_mut().find(|old| old.kind == new.kind) {
                Some(old) => *old = new,
                None => self.expected.push(new),
            }
        }
        for gone in list(&out["removedConditions"]) {
            let gone = ConditionType::from(text(gone));
            self.expected.retain(|condition| condition.kind != gone);
        }
        let mut got = got.status.conditions.clone();
        for (got, want) in got.iter_mut().zip(&self.expected) {
            for (got, want) in [
                (&mut got.reason, &want.reason),
                (&mut got.message, &want.message),
            ] {
                if want == "*" {
                    same("text is empty", &got.is_empty(), &false)?;
                    got.clone_from(want);
                }
            }
        }
        same("conditions", &got, &self.expected)
    }
}

fn spec(json: &Value, defaulted: bool) -> HorizontalPodAutoscalerSpec {
    let spec: HorizontalPodAutoscalerSpec = serde_json::from_value(json.clone()).unwrap();
    if defaulted { spec } else { spec.defaulted() }
}

fn compare(decision: &Decision, out: &Value) -> Result<(), String> {
    let status = &decision.status;
    same(
        "current",
        &status.current_replicas,
        &int(&out["currentReplicas"]),
    )?;
    same(
        "desired",
        &status.desired_replicas,
        &int(&out["desiredReplicas"]),
    )?;
    let last = optional_time(&out["lastScaleTime"]);
    same("last scale time", &status.last_scale_time, &last)?;
    let rescale = decision.rescale.as_ref().map(|rescale| {
        let reason = match out["rescale"].get("reason") {
            Some(Value::Null) => Value::Null,
            _ => json!(rescale.reason),
        };
        json!({"replicas": rescale.replicas, "reason": reason})
    });
    same("rescale", &rescale.unwrap_or_default(), &out["rescale"])?;
    same(
        "metrics",
        &status.current_metrics,
        &values(&out["currentMetrics"]),
    )?;
    let error = decision.error.as_ref().map(ToString::to_string);
    match &out["error"] {
        Value::Bool(_) => same("error", &error.is_some(), &true)?,
        recorded => same("error", &json!(error), recorded)?,
    }
    let events: Vec<String> = decision
        .events
        .iter()
        .map(|event| format!("{} {}", event.kind.as_str(), event.reason))
        .collect();
    let recorded: Vec<String> = list(&out["events"]).map(text).collect();
    same("events", &events, &recorded)
}

pub(crate) fn sequence(case: &Value) -> Result<(), String> {
    let mut sequence = Sequence::new(case);
    for (index, step) in list(&case["steps"]).enumerate() {
        let checked = sequence.check(case, step, index == 0);
        checked.map_err(|why| format!("step {index}: {why}"))?;
    }
    Ok(())
}
