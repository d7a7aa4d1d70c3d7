//! Stabilization and limits.

use concertina_model::Timestamp;
use concertina_replicas::api::HorizontalPodAutoscalerBehavior;
use concertina_replicas::limits::{LimitedBy, Limits, Stabilized};
use concertina_replicas::{History, Recommendation, ScaleEvent};
use serde_json::{Value, json};

use crate::json::{int, list, options, time};
use crate::same;

pub(crate) fn recommendations(json: &Value) -> Option<Vec<Recommendation>> {
    let list = json.as_array()?;
    let recommendation = |old: &Value| Recommendation {
        replicas: int(&old["recommendation"]),
        at: time(&old["timestamp"]),
    };
    Some(list.iter().map(recommendation).collect())
}

fn events(json: &Value) -> Vec<ScaleEvent> {
    let event = |old: &Value| ScaleEvent {
        change: int(&old["replicaChange"]),
        at: time(&old["timestamp"]),
        outdated: old["outdated"] == true,
    };
    list(json).map(event).collect()
}

/// A recorded condition; its message stands there only when it is not the reason's own.
fn condition(status: bool, reason: &str, message: &str, recorded: &Value) -> Result<(), String> {
    let status = if status { "True" } else { "False" };
    same("status", &json!(status), &recorded["status"])?;
    same("reason", &json!(reason), &recorded["reason"])?;
    match &recorded["message"] {
        Value::Null => Ok(()),
        recorded => same("message", &json!(message), recorded),
    }
}

pub(crate) fn behavior(case: &Value) -> Result<(), String> {
    let options = options(case);
    let behavior = match &case["behavior"] {
        Value::Null => None,
        json => {
            Some(serde_json::from_value::<HorizontalPodAutoscalerBehavior>(json.clone()).unwrap())
        }
    };
    let now = Timestamp::EPOCH;
    let limits = Limits {
        behavior: behavior.as_ref(),
        min_replicas: int(&case["minReplicas"]),
        max_replicas: int(&case["maxReplicas"]),
        ..Limits::new(&options, now)
    };
    let before = History {
        recommendations: Some(recommendations(&case["recommendations"]).unwrap_or_default()),
        scale_up_events: events(&case["scaleUpEvents"]),
        scale_down_events: events(&case["scaleDownEvents"]),
        ..History::default()
    };
    let mut history = before.clone();
    let current = int(&case["currentReplicas"]);
    let wanted = int(&case["desiredReplicas"]);
    let normalized = limits.normalize(&mut history, current, wanted);
    let desired = normalized.limit.replicas;
    if desired != current {
        limits.scaled(&mut history, current, desired);
    }
    let out = &case["out"];
    same("desired", &desired, &int(&out["desiredReplicas"]))?;
    let held = normalized.stabilization.outcome;
    condition(true, held.reason(), held.message(), &out["ableToScale"])?;
    let by = normalized.limit.by;
    let limited = desired != normalized.stabilization.replicas;
    condition(limited, by.reason(), by.message(), &out["scalingLimited"])?;
    same("limited", &(by != LimitedBy::Nothing), &limited)?;
    let unchanged = normalized.stabilization.replicas == wanted;
    same("stabilized", &(held == Stabilized::No), &unchanged)?;

    let mut expected = before.clone();
    let slots = expected.recommendations.get_or_insert_default();
    let slot = usize::try_from(out["recommendationSlot"].as_u64().unwrap_or(0)).unwrap();
    let new = Recommendation {
        replicas: wanted,
        at: now,
    };
    slots.splice(slot..(slot + 1).min(slots.len()), [new]);
    if !out["scaleUpEvents"].is_null() {
        expected.scale_up_events = events(&out["scaleUpEvents"]);
    }
    if !out["scaleDownEvents"].is_null() {
        expected.scale_down_events = events(&out["scaleDownEvents"]);
    }
    same("history", &history, &expected)
}
