//! Recorded decodings of prometheus-adapter 0.12 rule files.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use concertina_rules::RuleFile;
use concertina_rules::config::{DiscoveryRule, ResourceMapping, ResourceRule};
use concertina_testkit::run;
use serde_json::{Map, Value, json};

/// Absent, empty, false and null are equal in the recordings.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let map: Map<_, _> = map
                .iter()
                .map(|(key, value)| (key.clone(), plain(value)))
                .filter(|(_, value)| !value.is_null())
                .collect();
            if map.is_empty() {
                Value::Null
            } else {
                Value::Object(map)
            }
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        // Items keep their place, even when nothing is in them.
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::String(text) if text.is_empty() => Value::Null,
        other => other.clone(),
    }
}

fn mapping(mapping: &ResourceMapping) -> Value {
    let overrides: Map<_, _> = mapping
        .overrides
        .iter()
        .map(|(label, resource)| {
            let pair = json!({"group": resource.group, "resource": resource.resource});
            (label.clone(), pair)
        })
        .collect();
    json!({"template": mapping.template, "overrides": overrides, "namespaced": mapping.namespaced})
}

fn rule(rule: &DiscoveryRule) -> Value {
    let filters: Vec<_> = rule
        .series_filters
        .iter()
        .map(|filter| json!({"is": filter.is, "isNot": filter.is_not}))
        .collect();
    json!({
        "seriesQuery": rule.series_query,
        "seriesFilters": filters,
        "resources": mapping(&rule.resources),
        "name": {"matches": rule.name.matches, "as": rule.name.as_},
        "metricsQuery": rule.metrics_query,
    })
}

fn resource_rule(rule: &ResourceRule) -> Value {
    json!({
        "containerQuery": rule.container_query,
        "nodeQuery": rule.node_query,
        "resources": mapping(&rule.resources),
        "containerLabel": rule.container_label,
    })
}

fn decoded(file: &RuleFile) -> Value {
    let resource_rules = file.resource_rules.as_ref().map(|rules| {
        json!({
            "cpu": resource_rule(&rules.cpu),
            "memory": resource_rule(&rules.memory),
            "window": concertina_promql::format_duration(rules.window),
        })
    });
    json!({
        "rules": file.rules.iter().map(rule).collect::<Vec<_>>(),
        "externalRules": file.external_rules.iter().map(rule).collect::<Vec<_>>(),
        "resourceRules": resource_rules,
    })
}

#[test]
fn config() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "config",
        &["config"],
        |case| {
            let expect = &case["expect"];
            let refused = expect["error"] == true;
            match RuleFile::parse(case["input"]["yaml"].as_str().unwrap()) {
                Err(_) if refused => Ok(()),
                Err(error) => Err(format!("{}\n -> {error}", case["input"]["yaml"])),
                Ok(file) if refused => Err(format!("{} -> {file:?}", case["input"]["yaml"])),
                Ok(file) => {
                    let (got, want) = (plain(&decoded(&file)), plain(&expect["config"]));
                    if got == want {
                        Ok(())
                    } else {
                        Err(format!("{}\n -> {got}\n != {want}", case["input"]["yaml"]))
                    }
                }
            }
        },
    );
}
