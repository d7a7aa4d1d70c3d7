//! Recorded answers of Go's text/template in prometheus-adapter's surroundings.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_rules::{QueryData, Template};
use concertina_testkit::run;
use serde_json::Value;

const FAMILIES: &[&str] = &["templates", "templates_unsupported"];

fn data(json: &Value) -> QueryData {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    QueryData {
        series: text("Series"),
        label_matchers: text("LabelMatchers"),
        label_values_by_name: serde_json::from_value(json["LabelValuesByName"].clone())
            .unwrap_or_default(),
        group_by: text("GroupBy"),
        group_by_slice: serde_json::from_value(json["GroupBySlice"].clone()).unwrap_or_default(),
    }
}

fn render(case: &Value) -> Result<String, (&'static str, String)> {
    let input = &case["input"];
    let template = Template::parse(input["template"].as_str().unwrap())
        .map_err(|error| ("parse", error.to_string()))?;
    template
        .render(&data(&input["data"]))
        .map_err(|error| ("exec", error.to_string()))
}

#[test]
fn templates() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "templates",
        FAMILIES,
        |case| {
            let expect = &case["expect"];
            match (render(case), expect["error"]["kind"].as_str()) {
                (Ok(got), None) if expect["output"] == got.as_str() => Ok(()),
                (Err((kind, _)), Some(expected)) if kind == expected => Ok(()),
                (got, _) => Err(format!(
                    "{} -> {got:?}, expected {expect}",
                    case["input"]["template"]
                )),
            }
        },
    );
}

#[test]
fn what_is_left_out_is_refused_when_it_is_loaded() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "templates_unsupported",
        FAMILIES,
        |case| match render(case) {
            Err(("parse", _)) => Ok(()),
            got => Err(format!("{} -> {got:?}", case["input"]["template"])),
        },
    );
}
