//! Recorded decisions of kube-controller-manager 1.36.1, those without `behavior` and on `Pods`
//! metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_model::Timestamp;
use concertina_testkit::read;
use serde_json::Value;

use crate::api::{HorizontalPodAutoscaler, V2Manifest};
use crate::old::history::{History, Recommendation};
use crate::old::observation::{MetricReading, Observation, Pod, PodPhase, PodSample};
use crate::old::{Options, Tolerance, decide, limits, pods};

fn cases(name: &str) -> Vec<Value> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hpa");
    let cases = read(&folder.join(name)).into_iter();
    cases.map(|case| case.json).collect()
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn int(json: &Value) -> i32 {
    i32::try_from(json.as_i64().unwrap_or(0)).unwrap()
}

fn pod(json: &Value) -> Pod {
    Pod {
        name: json["name"].as_str().unwrap().to_owned(),
        phase: match json["phase"].as_str() {
            None | Some("Running") => PodPhase::Running,
            Some("Pending") => PodPhase::Pending,
            Some("Failed") => PodPhase::Failed,
            Some(_) => PodPhase::Other,
        },
        deleted: json["deleted"] == true,
    }
}

fn reading(json: &Value) -> Result<MetricReading, String> {
    if let Some(error) = json["error"].as_str() {
        return Err(error.to_owned());
    }
    let samples = list(&json["items"]).map(|item| PodSample {
        pod: item["pod"].as_str().unwrap().to_owned(),
        milli: item["value"].as_i64().unwrap(),
    });
    Ok(MetricReading {
        pods: samples.collect(),
    })
}

fn seconds(json: &Value) -> Timestamp {
    Timestamp::from_secs_f64(json.as_f64().unwrap_or(0.0)).unwrap()
}

#[test]
fn proposals_of_pods_metrics() {
    for case in cases("pods_average_value.jsonl") {
        let tolerance = case["tolerance"].as_object().map(|tolerance| Tolerance {
            scale_up: tolerance["scaleUp"].as_f64().unwrap(),
            scale_down: tolerance["scaleDown"].as_f64().unwrap(),
        });
        let pods: Vec<Pod> = list(&case["pods"]).map(pod).collect();
        let got = reading(&case["metric"])
            .map_err(|error| format!("unable to get metric m: {error}"))
            .and_then(|reading| {
                pods::average_value(
                    "m",
                    &reading,
                    case["target"]["milli"].as_i64().unwrap(),
                    int(&case["currentReplicas"]),
                    &pods,
                    tolerance.unwrap_or_default(),
                )
            });
        let out = &case["out"];
        match got {
            Ok(proposal) => {
                assert!(out["error"].is_null(), "{}", case["id"]);
                assert_eq!(proposal.replicas, int(&out["replicas"]), "{}", case["id"]);
                let usage = out["usage"].as_i64().unwrap_or(0);
                assert_eq!(proposal.average_milli, usage, "{}", case["id"]);
            }
            Err(error) if out["error"] == true => assert!(!error.is_empty()),
            Err(error) => assert_eq!(
                Some(error.as_str()),
                out["error"].as_str(),
                "{}",
                case["id"]
            ),
        }
    }
}

#[test]
fn limits_and_stabilization() {
    for case in cases("no_behavior.jsonl") {
        let recommendations = list(&case["recommendations"]).map(|old| Recommendation {
            replicas: int(&old["recommendation"]),
            at: seconds(&old["timestamp"]),
        });
        let mut history = History {
            recommendations: Some(recommendations.collect()),
        };
        let now = Timestamp::EPOCH;
        let window = Duration::from_secs(case["downscaleStabilization"].as_u64().unwrap_or(0));
        let wanted = int(&case["desiredReplicas"]);
        let highest = history.stabilize(wanted, now, now.saturating_sub(window));
        let factor = case["scaleUpLimitFactor"].as_f64().unwrap_or(2.0);
        let (desired, _) = limits::limit(
            int(&case["currentReplicas"]),
            highest.replicas,
            int(&case["minReplicas"]),
            int(&case["maxReplicas"]),
            factor,
        );
        assert_eq!(
            desired,
            int(&case["out"]["desiredReplicas"]),
            "{}",
            case["id"]
        );
        let slot = case["out"]["recommendationSlot"].as_u64().unwrap_or(0);
        let stored = history.recommendations.unwrap()[usize::try_from(slot).unwrap()];
        assert_eq!(
            (stored.replicas, stored.at),
            (wanted, now),
            "{}",
            case["id"]
        );
    }
}

#[test]
fn consecutive_decisions() {
    for case in cases("pods_reconcile.jsonl") {
        let policy = |spec: &Value| {
            let manifest = serde_json::json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "web"}, "spec": spec,
            });
            let manifest: V2Manifest = serde_json::from_value(manifest).unwrap();
            HorizontalPodAutoscaler::try_from(manifest).unwrap()
        };
        let mut current = policy(&case["spec"]);
        let controller = &case["controller"];
        let tolerance = controller["tolerance"].as_f64().unwrap_or(0.1);
        let options = Options {
            tolerance: Tolerance {
                scale_up: tolerance,
                scale_down: tolerance,
            },
            downscale_stabilization: Duration::from_secs(
                controller["downscaleStabilization"].as_u64().unwrap_or(0),
            ),
            scale_up_limit_factor: controller["scaleUpLimitFactor"].as_f64().unwrap_or(2.0),
        };
        let mut history = History {
            recommendations: case["initialRecommendations"].as_array().map(|all| {
                let all = all.iter().map(|old| Recommendation {
                    replicas: int(&old["recommendation"]),
                    at: seconds(&old["timestamp"]),
                });
                all.collect()
            }),
        };
        let mut all: BTreeMap<String, Pod> = BTreeMap::new();
        for (index, step) in list(&case["steps"]).enumerate() {
            let place = format!("{} step {index}", case["id"]);
            if step["spec"].is_object() {
                current = policy(&step["spec"]);
            }
            for pod in list(&step["pods"]).map(pod) {
                all.insert(pod.name.clone(), pod);
            }
            for name in list(&step["removedPods"]) {
                all.remove(name.as_str().unwrap());
            }
            if step["scaleErrors"]["getScale"].is_string() || !step["selector"].is_null() {
                continue;
            }
            let observation = Observation {
                current_replicas: int(&step["specReplicas"]),
                pods: all.values().cloned().collect(),
                metrics: list(&step["metrics"]).map(reading).collect(),
            };
            let now = seconds(&step["time"]);
            let (decision, next) = decide(&current, &options, &history, &observation, now);
            // A history outlives being written down.
            let saved = serde_json::to_string(&next).unwrap();
            history = serde_json::from_str(&saved).unwrap();
            let out = &step["out"];
            let metrics: Vec<Option<String>> = decision
                .current_metrics
                .iter()
                .map(|metric| Some(metric.as_ref()?.average_value.to_string()))
                .collect();
            let want: Vec<Option<String>> = list(&out["currentMetrics"])
                .map(|metric| metric["averageValue"].as_str().map(str::to_owned))
                .collect();
            assert_eq!(metrics, want, "{place}");
            if step["scaleErrors"].is_object() {
                continue;
            }
            let rescale = decision
                .rescale
                .map(|rescale| (rescale.replicas, rescale.reason));
            let want = out["rescale"].as_object().map(|rescale| {
                let reason = rescale
                    .get("reason")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                (int(&rescale["replicas"]), reason.to_owned())
            });
            assert_eq!(rescale, want, "{place}: {}", decision.explanation);
        }
    }
}
