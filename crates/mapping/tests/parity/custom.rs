//! `rules`: custom metrics.

use std::collections::BTreeMap;
use std::sync::Arc;

use concertina_mapping::{ApiResource, Catalogue, LabelMapper, MetricRequest, map_series};
use concertina_model::{GroupResource, LabelSelector, LabelSelectorObject, Timestamp};
use concertina_rules::Rule;
use concertina_testkit::run;
use serde_json::{Value, json};

use crate::FAMILIES;
use crate::input::{TABLE, answer, list, listings, plan_kind, rules, same, text};

struct Case<'a> {
    catalogue: Catalogue,
    input: &'a Value,
}

impl Case<'_> {
    fn serve(&self, request: &Value) -> Value {
        let selector = request["selector"].as_str().unwrap_or_default();
        let Ok(selector) = selector.parse::<LabelSelector>() else {
            return json!({"error": {"kind": "selector"}, "status": {"code": 404}});
        };
        let namespace = request["namespace"].as_str().filter(|ns| !ns.is_empty());
        let names: Vec<String> = list(&request["names"]).map(text).collect();
        let metric = text(&request["metric"]);
        let asked = MetricRequest {
            resource: &GroupResource::new(text(&request["group"]), text(&request["resource"])),
            namespace,
            names: &names,
            metric: &metric,
            selector: &selector,
        };
        let plan = match self.catalogue.plan(&asked, &*TABLE) {
            Ok(plan) => plan,
            Err(error) => {
                return json!({"error": {"kind": plan_kind(&error)}, "status": {"code": 404}});
            }
        };
        let mut got = json!({"query": plan.query()});
        if request["result"].is_null() {
            return got;
        }
        let Ok(answer) = plan.read(&answer(&request["result"])) else {
            got["status"] = json!({"code": 500});
            return got;
        };
        let values: BTreeMap<&str, String> = answer
            .names()
            .filter_map(|name| Some((name, answer.sample(name)?.to_string())))
            .collect();
        got["values"] = json!(values);
        let item = |name: &String| {
            let value = answer.value(name).ok()?;
            let resource = plan.resource();
            let selector =
                (!selector.is_empty()).then(|| LabelSelectorObject::try_from(&selector).unwrap());
            Some(json!({
                "apiVersion": resource.api_version(), "kind": resource.kind, "name": name,
                "namespace": namespace, "metric": metric, "selector": selector,
                "value": value.to_string(),
            }))
        };
        let items: Vec<Value> = names.iter().filter_map(item).collect();
        match (&*names, items.is_empty()) {
            ([_], true) => got["status"] = json!({"code": 404}),
            _ => got["items"] = json!(items),
        }
        got
    }
}

fn resource_names(resources: &[Arc<ApiResource>]) -> Vec<String> {
    let mut names: Vec<String> = resources
        .iter()
        .map(|r| r.group_resource().to_string())
        .collect();
    names.sort();
    names
}

fn outcome(input: &Value) -> Value {
    let rules = match rules(input) {
        Ok(rules) => rules,
        Err(kind) => return json!({"error": {"kind": kind}}),
    };
    let listed = listings(input);
    let listing = |rule: &Rule| Ok(listed.get(rule.index()).cloned().unwrap_or_default());
    let mapped: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let mapper = LabelMapper::new(rule.labels(), &*TABLE).unwrap();
            let mapped = map_series(rule, &mapper, &listing(rule).unwrap(), &*TABLE);
            mapped
                .iter()
                .map(|series| {
                    json!({
                        "index": series.index, "name": series.metric,
                        "resources": resource_names(&series.resources),
                    })
                })
                .collect()
        })
        .collect();
    let catalogue = Catalogue::new(rules).relist(listing, &*TABLE, Timestamp::EPOCH);
    let metrics: Vec<Value> = catalogue
        .entries()
        .map(|entry| {
            let resource = &entry.resource;
            json!({
                "group": resource.group, "resource": resource.plural, "metric": entry.metric,
                "namespaced": resource.namespaced, "series": entry.series,
            })
        })
        .collect();
    let case = Case { catalogue, input };
    let requests: Vec<Value> = list(&case.input["requests"])
        .map(|r| case.serve(r))
        .collect();
    json!({"mapped": mapped, "metrics": metrics, "requests": requests})
}

fn check(case: &Value) -> Result<(), String> {
    let got = outcome(&case["input"]);
    let mut any = list(&case["expect_any"])
        .chain([&case["expect"]])
        .filter(|e| !e.is_null());
    if any.any(|want| same(&got, want)) {
        return Ok(());
    }
    let want = &case["expect"];
    for part in ["error", "mapped", "metrics"] {
        if !same(&got[part], &want[part]) {
            return Err(format!("{part}: {}\n != {}", got[part], want[part]));
        }
    }
    for (i, want) in list(&want["requests"]).enumerate() {
        if !same(&got["requests"][i], want) {
            let request = &case["input"]["requests"][i];
            return Err(format!("{request}\n -> {}\n != {want}", got["requests"][i]));
        }
    }
    Err("none of expect_any".to_owned())
}

#[test]
fn custom() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "rules",
        FAMILIES,
        check,
    );
}

#[test]
fn rules_regex_dialect() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "rules_regex_dialect",
        FAMILIES,
        check,
    );
}
