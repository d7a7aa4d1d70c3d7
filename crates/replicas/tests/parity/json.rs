//! The vectors' notation.

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::observation::{
    Container, Pod, PodPhase, PodSample, PodSamples, Ready, Requests,
};
use concertina_replicas::status::ConditionStatus;
use concertina_replicas::{Options, Tolerance};
use serde_json::Value;

pub(crate) fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

pub(crate) fn int(json: &Value) -> i32 {
    i32::try_from(json.as_i64().unwrap_or(0)).unwrap()
}

pub(crate) fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// Seconds, from 1970 instead of the case's own zero.
pub(crate) fn time(json: &Value) -> Timestamp {
    match json.as_f64() {
        Some(seconds) if seconds > -4_000_000_000.0 => Timestamp::from_secs_f64(seconds).unwrap(),
        _ => Timestamp::from_millis(i64::MIN),
    }
}

pub(crate) fn duration(json: &Value, default: f64) -> Duration {
    Duration::from_secs_f64(json.as_f64().unwrap_or(default))
}

fn requests(json: &Value) -> Requests {
    let milli = json["milli"].as_object().into_iter().flatten();
    milli
        .map(|(resource, milli)| (resource, milli.as_i64().unwrap()))
        .collect()
}

fn container(json: &Value) -> Container {
    Container {
        name: text(&json["name"]),
        requests: requests(json),
        restart_always: json["restartPolicy"] == "Always",
    }
}

pub(crate) fn pod(json: &Value, template: &Value) -> Pod {
    let containers = match &json["containers"] {
        Value::Null => template,
        own => own,
    };
    let status = match json["ready"].as_str() {
        None => None,
        Some("True") => Some(ConditionStatus::True),
        Some("False") => Some(ConditionStatus::False),
        Some(_) => Some(ConditionStatus::Unknown),
    };
    Pod {
        name: text(&json["name"]),
        phase: match json["phase"].as_str() {
            None | Some("Running") => PodPhase::Running,
            Some("Pending") => PodPhase::Pending,
            Some("Failed") => PodPhase::Failed,
            Some("Succeeded") => PodPhase::Succeeded,
            Some(_) => PodPhase::Unknown,
        },
        deleted: json["deleted"] == true,
        started: json["startTime"].as_f64().map(|_| time(&json["startTime"])),
        ready: status.map(|status| Ready {
            status,
            since: time(&json["readyTransition"]),
        }),
        containers: list(containers).map(container).collect(),
        init_containers: list(&json["initContainers"]).map(container).collect(),
        requests: requests(&json["resources"]),
    }
}

pub(crate) fn pods(json: &Value, template: &Value) -> Vec<Pod> {
    list(json).map(|json| pod(json, template)).collect()
}

pub(crate) fn samples(json: &Value) -> PodSamples {
    let own = |item: &Value, field: &str| match &item[field] {
        Value::Null => json[field].clone(),
        own => own.clone(),
    };
    let items = list(&json["items"]).map(|item| PodSample {
        pod: text(&item["pod"]),
        milli: item["value"].as_i64().unwrap(),
        timestamp: time(&own(item, "timestamp")),
        window: duration(&own(item, "window"), 0.0),
    });
    items.collect()
}

pub(crate) fn tolerance(json: &Value) -> Tolerance {
    let side = |name: &str| json[name].as_f64().unwrap_or(0.1);
    Tolerance {
        scale_up: side("scaleUp"),
        scale_down: side("scaleDown"),
    }
}

/// The options that are fields of a case or of its `controller`.
pub(crate) fn options(json: &Value) -> Options {
    Options {
        downscale_stabilization: duration(&json["downscaleStabilization"], 300.0),
        cpu_initialization_period: duration(&json["cpuInitializationPeriod"], 300.0),
        initial_readiness_delay: duration(&json["initialReadinessDelay"], 30.0),
        scale_up_limit_factor: json["scaleUpLimitFactor"].as_f64().unwrap_or(2.0),
        pod_level_resources: json["podLevelResources"] != false,
        ..Options::default()
    }
}
