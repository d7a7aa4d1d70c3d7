//! `externalRules`: external metrics.

use concertina_mapping::{ExternalCatalogue, ExternalRequest, LabelMapper, map_series};
use concertina_model::{LabelSelector, QueryAnswer, Timestamp};
use concertina_rules::Rule;
use concertina_testkit::run;
use serde_json::{Map, Value, json};

use crate::FAMILIES;
use crate::input::{TABLE, answer, list, listings, plan_kind, rules, same, text};

fn serve(catalogue: &ExternalCatalogue, request: &Value) -> Value {
    let selector = request["selector"].as_str().unwrap_or_default();
    let Ok(selector) = selector.parse::<LabelSelector>() else {
        return json!({"error": {"kind": "selector"}});
    };
    let metric = text(&request["metric"]);
    let asked = ExternalRequest {
        namespace: request["namespace"].as_str().filter(|ns| !ns.is_empty()),
        metric: &metric,
        selector: &selector,
    };
    let plan = match catalogue.plan(&asked, &*TABLE) {
        Ok(plan) => plan,
        Err(error) => {
            let kind = plan_kind(&error);
            let code = if kind == "not_registered" { 404 } else { 500 };
            return json!({"error": {"kind": kind}, "status": {"code": code}});
        }
    };
    let mut got = json!({"query": plan.query()});
    if request["result"].is_null() {
        return got;
    }
    let answer = QueryAnswer {
        at: Timestamp::EPOCH,
        value: answer(&request["result"]),
    };
    let Ok(values) = plan.read(&answer) else {
        got["status"] = json!({"code": 500});
        return got;
    };
    let items = values.iter().filter_map(|value| {
        let labels: Map<String, Value> = value
            .labels
            .iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let quantity = value.value.as_ref().ok()?.to_string();
        Some(json!({"metric": metric, "labels": labels, "value": quantity}))
    });
    got["items"] = items.collect();
    got
}

fn outcome(input: &Value) -> Value {
    let rules = match rules(input) {
        Ok(rules) => rules,
        Err(kind) => return json!({"error": {"kind": kind}}),
    };
    let listed = listings(input);
    let listing = |rule: &Rule| Ok(listed.get(rule.index()).cloned().unwrap_or_default());
    let mapped = rules.iter().map(|rule| {
        let mapper = LabelMapper::new(rule.labels(), &*TABLE).unwrap();
        let mapped = map_series(rule, &mapper, &listing(rule).unwrap(), &*TABLE);
        let mapped = mapped.iter();
        mapped
            .map(|series| json!({"index": series.index, "name": series.metric}))
            .collect::<Value>()
    });
    let mapped: Value = mapped.collect();
    let catalogue = ExternalCatalogue::new(rules).relist(listing, &*TABLE, Timestamp::EPOCH);
    let metrics = catalogue.entries();
    let metrics = metrics.map(|entry| json!({"metric": entry.metric, "series": entry.series}));
    json!({
        "mapped": mapped,
        "metrics": metrics.collect::<Value>(),
        "requests": list(&input["requests"]).map(|r| serve(&catalogue, r)).collect::<Value>(),
    })
}

fn check(case: &Value) -> Result<(), String> {
    let got = outcome(&case["input"]);
    let expected = list(&case["expect_any"]).chain([&case["expect"]]);
    let mut expected = expected.filter(|expect| !expect.is_null());
    match expected.any(|want| same(&got, want)) {
        true => Ok(()),
        false => Err(format!("{got}\n != {}", case["expect"])),
    }
}

#[test]
fn external() {
    let dir = env!("CARGO_MANIFEST_DIR");
    run(dir, "rules", "external", FAMILIES, check);
}

#[test]
fn external_regex_dialect() {
    let dir = env!("CARGO_MANIFEST_DIR");
    run(dir, "rules", "external_regex_dialect", FAMILIES, check);
}
