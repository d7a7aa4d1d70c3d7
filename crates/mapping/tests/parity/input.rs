//! The recordings as the library's types.

use std::sync::{Arc, LazyLock};

use concertina_mapping::{ApiResource, ListedSeries, PlanError, ResourceTable};
use concertina_model::{GroupResource, InstantSample, Labels, QueryValue, Series, Timestamp};
use concertina_rules::config::{DiscoveryRule, NameMapping, ResourceMapping, SeriesFilter};
use concertina_rules::{Rule, RuleError, RuleProblem, compile};
use concertina_testkit::root;
use serde_json::Value;

pub(crate) static TABLE: LazyLock<ResourceTable> = LazyLock::new(|| {
    let path = root(env!("CARGO_MANIFEST_DIR")).join("rules/resources.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let list: Vec<ApiResource> = serde_json::from_value(json["resources"].clone()).unwrap();
    ResourceTable::new(list)
});

pub(crate) fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn discovery_rule(json: &Value) -> DiscoveryRule {
    let filters = list(&json["seriesFilters"]).map(|filter| SeriesFilter {
        is: text(&filter["is"]),
        is_not: text(&filter["isNot"]),
    });
    DiscoveryRule {
        series_query: text(&json["seriesQuery"]),
        series_filters: filters.collect(),
        resources: mapping(&json["resources"]),
        name: NameMapping {
            matches: text(&json["name"]["matches"]),
            as_: text(&json["name"]["as"]),
        },
        metrics_query: text(&json["metricsQuery"]),
        line: 0,
    }
}

pub(crate) fn mapping(json: &Value) -> ResourceMapping {
    let overrides = json["overrides"].as_object().into_iter().flatten();
    let overrides = overrides.map(|(label, to)| {
        let resource = GroupResource::new(text(&to["group"]), text(&to["resource"]));
        (label.clone(), resource)
    });
    ResourceMapping {
        template: text(&json["template"]),
        overrides: overrides.collect(),
        namespaced: json["namespaced"].as_bool(),
    }
}

/// The rules of a case, or the kind of the first error.
pub(crate) fn rules(input: &Value) -> Result<Vec<Arc<Rule>>, &'static str> {
    let rules: Vec<DiscoveryRule> = list(&input["rules"]).map(discovery_rule).collect();
    let compiled: Result<Vec<Rule>, RuleError> = compile(&rules).into_iter().collect();
    let compiled = compiled.map_err(|error| kind(&error))?;
    Ok(compiled.into_iter().map(Arc::new).collect())
}

/// What was listed for each rule.
pub(crate) fn listings(input: &Value) -> Vec<Arc<[ListedSeries]>> {
    let listed = list(&input["series"]).map(|series| {
        let series = list(series).map(|series| {
            let labels = series["labels"].as_object().into_iter().flatten();
            ListedSeries::new(text(&series["name"]), labels.map(|(name, _)| name.as_str()))
        });
        series.collect()
    });
    listed.collect()
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

pub(crate) fn plan_kind(error: &PlanError) -> &'static str {
    match error {
        PlanError::NoNames => "no_names",
        PlanError::UnknownResource(_) => "unknown_resource",
        PlanError::NotRegistered { .. } | PlanError::NotExternal(_) => "not_registered",
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

pub(crate) fn answer(json: &Value) -> QueryValue {
    match json["type"].as_str().unwrap() {
        "scalar" => QueryValue::Scalar(number(&json["value"])),
        "matrix" => QueryValue::Matrix(vec![Series::default()]),
        _ => QueryValue::Vector(samples(&json["samples"])),
    }
}

/// Null samples are upstream's nil pointers.
pub(crate) fn samples(json: &Value) -> Vec<InstantSample> {
    let samples = list(json).filter(|sample| !sample.is_null());
    let samples = samples.map(|sample| InstantSample {
        labels: labels(&sample["labels"]),
        timestamp: Timestamp::from_millis(sample["ts_ms"].as_i64().unwrap_or_default()),
        value: number(&sample["value"]),
    });
    samples.collect()
}

fn labels(json: &Value) -> Labels {
    json.as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Compares what `want` has, number texts by value, empty and absent as equal.
pub(crate) fn same(got: &Value, want: &Value) -> bool {
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
