//! One metric to a count.

use concertina_model::Timestamp;
use concertina_replicas::calculation::{CalculationError, Calculator, Proposal};
use serde_json::{Value, json};

use crate::json::{int, list, options, pods, samples, tolerance};
use crate::same;

/// The calculation, or the text of what went wrong.
fn propose(case: &Value, calculator: &Calculator<'_>) -> Result<Proposal, String> {
    let (target, metric) = (&case["target"], &case["metric"]);
    let resource = case["resource"].as_str().unwrap_or_default();
    let function = case["fn"].as_str().unwrap_or_default();
    if let Some(error) = metric["error"].as_str() {
        return Err(match function {
            "resourceUtilization" | "resourceAverageValue" => {
                format!("unable to get metrics for resource {resource}: {error}")
            }
            _ => format!("unable to get metric m: {error}"),
        });
    }
    let milli = target["milli"].as_i64().unwrap_or_default();
    let value = metric["value"].as_i64().unwrap_or_default();
    let values: Vec<i64> = list(&metric["values"]).filter_map(Value::as_i64).collect();
    let proposal: Result<Proposal, CalculationError> = match function {
        "resourceUtilization" => calculator.resource_utilization(
            resource,
            case["container"].as_str(),
            &samples(metric),
            int(&target["averageUtilization"]),
        ),
        "resourceAverageValue" => {
            calculator.resource_average_value(resource, &samples(metric), milli)
        }
        "podsAverageValue" => calculator.pods_average_value(&samples(metric), milli),
        "objectValue" => calculator.object_value(value, milli),
        "objectAverageValue" => calculator.object_average_value(value, milli),
        "externalValue" => calculator.external_value(&values, milli),
        "externalAverageValue" => calculator.external_average_value(&values, milli),
        other => return Err(format!("unknown function {other}")),
    };
    proposal.map_err(|error| error.to_string())
}

pub(crate) fn replicas(case: &Value) -> Result<(), String> {
    let options = options(case);
    let pods = pods(&case["pods"], &case["podTemplate"]);
    let calculator = Calculator {
        tolerance: tolerance(&case["tolerance"]),
        current_replicas: int(&case["currentReplicas"]),
        status_replicas: int(&case["statusReplicas"]),
        ..Calculator::new(&options, &pods, Timestamp::EPOCH)
    };
    let out = &case["out"];
    match propose(case, &calculator) {
        Ok(proposal) => {
            same("error", &Value::Null, &out["error"])?;
            same("replicas", &proposal.replicas, &int(&out["replicas"]))?;
            let calculated = proposal.calculation.replicas();
            same("explained", &calculated, &proposal.replicas)?;
            let usage = out["usage"].as_i64().unwrap_or(0);
            same("usage", &proposal.usage, &Some(usage))?;
            let utilization = proposal.utilization.unwrap_or(0);
            same("utilization", &utilization, &int(&out["utilization"]))
        }
        Err(error) if out["error"] == true => same("error", &error.is_empty(), &false),
        Err(error) => same("error", &json!(error), &out["error"]),
    }
}

pub(crate) fn groups(case: &Value) -> Result<(), String> {
    let options = options(case);
    let pods = pods(&case["pods"], &Value::Null);
    let calculator = Calculator::new(&options, &pods, Timestamp::EPOCH);
    let mut groups = calculator.groups(case["resource"].as_str(), &samples(&case["metric"]));
    for names in [
        &mut groups.unready,
        &mut groups.missing,
        &mut groups.ignored,
    ] {
        names.sort_unstable();
    }
    let got = json!({
        "readyPodCount": groups.ready,
        "unreadyPods": groups.unready,
        "missingPods": groups.missing,
        "ignoredPods": groups.ignored,
    });
    same("groups", &got, &case["out"])
}

pub(crate) fn requests(case: &Value) -> Result<(), String> {
    let options = options(case);
    let pods = pods(&case["pods"], &Value::Null);
    let calculator = Calculator::new(&options, &pods, Timestamp::EPOCH);
    let resource = case["resource"].as_str().unwrap_or_default();
    let got = match calculator.requests(resource, case["container"].as_str()) {
        Ok(requests) => {
            let requests = requests.into_iter();
            let object = requests.map(|(pod, milli)| (pod.to_owned(), json!(milli)));
            json!({"requests": Value::Object(object.collect())})
        }
        Err(error) => json!({"error": error.to_string()}),
    };
    same("requests", &got, &case["out"])
}
