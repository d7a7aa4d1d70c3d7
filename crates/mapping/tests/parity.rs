//! Recorded behaviour of prometheus-adapter 0.12 for `rules`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use concertina_mapping::{
    ApiResource, Catalogue, LabelMapper, ListedSeries, MetricRequest, PlanError, ResourceTable,
    map_series,
};
use concertina_model::{
    GroupResource, InstantSample, LabelSelector, LabelSelectorObject, Labels, QueryValue, Series,
    Timestamp,
};
use concertina_rules::config::{DiscoveryRule, NameMapping, ResourceMapping, SeriesFilter};
use concertina_rules::{Rule, RuleError, RuleProblem, compile};
use concertina_testkit::{root, run};
use serde_json::{Value, json};

const FAMILIES: &[&str] = &["rules", "rules_regex_dialect"];

static TABLE: LazyLock<ResourceTable> = LazyLock::new(|| {
    let path = root(env!("CARGO_MANIFEST_DIR")).join("rules/resources.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let list: Vec<ApiResource> = serde_json::from_value(json["resources"].clone()).unwrap();
    ResourceTable::new(list)
});

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn discovery_rule(json: &Value) -> DiscoveryRule {
    let resources = &json["resources"];
    let filters = list(&json["seriesFilters"]).map(|filter| SeriesFilter {
        is: text(&filter["is"]),
        is_not: text(&filter["isNot"]),
    });
    let overrides = resources["overrides"].as_object().into_iter().flatten();
    let overrides = overrides.map(|(label, to)| {
        (
            label.clone(),
            GroupResource::new(text(&to["group"]), text(&to["resource"])),
        )
    });
    DiscoveryRule {
        series_query: text(&json["seriesQuery"]),
        series_filters: filters.collect(),
        resources: ResourceMapping {
            template: text(&resources["template"]),
            overrides: overrides.collect(),
            namespaced: resources["namespaced"].as_bool(),
        },
        name: NameMapping {
            matches: text(&json["name"]["matches"]),
            as_: text(&json["name"]["as"]),
        },
        metrics_query: text(&json["metricsQuery"]),
        line: 0,
    }
}

fn kind(error: &RuleError) -> &'static str {
    match error.problem {
        RuleProblem::MetricsQuery(_) => "metrics_query_parse",
        RuleProblem::FilterFields { .. } | RuleProblem::FilterPattern { .. } => "series_filter",
        RuleProblem::NameMatches(_) => "name_matches",
        RuleProblem::NameAsRequired { .. } => "name_as_required",
        _ => "other",
    }
}

fn plan_kind(error: &PlanError) -> &'static str {
    match error {
        PlanError::NoNames => "no_names",
        PlanError::UnknownResource(_) => "unknown_resource",
        PlanError::NotRegistered { .. } => "not_registered",
        PlanError::NoLabel(_) => "no_label_for_resource",
        PlanError::UnsupportedOperator { .. } => "unsupported_operator",
        PlanError::Render(_) => "template_exec",
        PlanError::EmptyQuery => "empty_query",
        _ => "other",
    }
}

fn number(json: &Value) -> f64 {
    match json.as_str().unwrap() {
        "NaN" => f64::NAN,
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}

fn answer(json: &Value) -> QueryValue {
    match json["type"].as_str().unwrap() {
        "scalar" => QueryValue::Scalar(number(&json["value"])),
        "matrix" => QueryValue::Matrix(vec![Series::default()]),
        _ => QueryValue::Vector(
            list(&json["samples"])
                .filter(|sample| !sample.is_null())
                .map(|sample| InstantSample {
                    labels: labels(&sample["labels"]),
                    timestamp: Timestamp::EPOCH,
                    value: number(&sample["value"]),
                })
                .collect(),
        ),
    }
}

fn labels(json: &Value) -> Labels {
    json.as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

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

/// Compares what `want` has, number texts by value, empty and absent as equal.
fn same(got: &Value, want: &Value) -> bool {
    match (got, want) {
        (Value::Object(got), Value::Object(want)) => want.iter().all(|(key, want)| {
            key == "message" || key == "reason" || same(got.get(key).unwrap_or(&Value::Null), want)
        }),
        (Value::Array(got), Value::Array(want)) => {
            got.len() == want.len() && got.iter().zip(want).all(|(got, want)| same(got, want))
        }
        (Value::String(got), Value::String(want)) => {
            let number = |text: &str| text.parse::<f64>().ok();
            got == want
                || (number(got).is_some() && number(got) == number(want))
                || (number(got).is_some_and(f64::is_nan) && number(want).is_some_and(f64::is_nan))
        }
        (got, want) => got == want || (is_empty(got) && is_empty(want)),
    }
}

fn is_empty(json: &Value) -> bool {
    json.is_null()
        || json == false
        || json.as_str() == Some("")
        || json.as_array().is_some_and(Vec::is_empty)
        || json.as_object().is_some_and(serde_json::Map::is_empty)
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
    let rules: Vec<DiscoveryRule> = list(&input["rules"]).map(discovery_rule).collect();
    let compiled: Result<Vec<Rule>, RuleError> = compile(&rules).into_iter().collect();
    let rules: Vec<Arc<Rule>> = match compiled {
        Ok(rules) => rules.into_iter().map(Arc::new).collect(),
        Err(error) => return json!({"error": {"kind": kind(&error)}}),
    };
    let listed: Vec<Arc<[ListedSeries]>> = list(&input["series"])
        .map(|series| {
            let series = list(series).map(|series| ListedSeries {
                name: text(&series["name"]),
                labels: series["labels"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect(),
            });
            series.collect()
        })
        .collect();
    let listing = |rule: &Rule| Ok(listed.get(rule.index()).cloned().unwrap_or_default());
    let mapped: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let mapper = LabelMapper::new(rule, &*TABLE).unwrap();
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
fn rules() {
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
