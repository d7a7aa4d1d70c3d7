//! Recorded answers of Kubernetes' apimachinery.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use concertina_model::{Format, LabelSelector, LabelSelectorObject, Quantity};
use concertina_testkit::run;
use serde_json::Value;

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: got {got:?}, expected {expected:?}"))
}

fn quantity(got: Result<Quantity, String>, expected: &Value) -> Result<(), String> {
    if expected["error"] == true {
        return match got {
            Ok(quantity) => Err(format!("{quantity} instead of an error")),
            Err(_) => Ok(()),
        };
    }
    let got = got?;
    same(
        "canonical",
        got.to_string().as_str(),
        expected["canonical"].as_str().unwrap(),
    )?;
    for (name, value) in [("milli", got.milli_value()), ("value", got.value())] {
        if let Some(expected) = expected.get(name) {
            same(name, Some(value), expected.as_i64())?;
        }
    }
    Ok(())
}

#[test]
fn quantities() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "quantities",
        &["quantities"],
        |case| {
            let (input, expect) = (&case["input"], &case["expect"]);
            let parse = |text: &Value| {
                text.as_str()
                    .unwrap()
                    .parse::<Quantity>()
                    .map_err(|error| error.to_string())
            };
            match input["op"].as_str().unwrap() {
                "parse" => quantity(parse(&input["s"]), expect),
                "unmarshal" => {
                    let json = input["json"].as_str().unwrap();
                    let read = Quantity::from_json(json).map_err(|error| error.to_string());
                    through_serde(json, &read)?;
                    quantity(read, expect)
                }
                "pair" => {
                    let (a, b) = (parse(&input["a"]), parse(&input["b"]));
                    same("error_a", a.is_err(), expect["error_a"] == true)?;
                    same("error_b", b.is_err(), expect["error_b"] == true)?;
                    let (Ok(a), Ok(b)) = (a, b) else {
                        return Ok(());
                    };
                    same("cmp", Some(a.cmp(&b) as i64), expect["cmp"].as_i64())?;
                    let too_large = || "too large".to_owned();
                    quantity(a.checked_add(&b).ok_or_else(too_large), &expect["add"])?;
                    quantity(a.checked_sub(&b).ok_or_else(too_large), &expect["sub"])
                }
                "from_float" => {
                    let bits = u64::from_str_radix(input["bits"].as_str().unwrap(), 16).unwrap();
                    let got = Quantity::from_float(f64::from_bits(bits));
                    quantity(got.ok_or_else(|| "no quantity".to_owned()), expect)
                }
                "from_milli" => {
                    let format = match input["format"].as_str().unwrap() {
                        "BinarySI" => Format::BinarySI,
                        _ => Format::DecimalSI,
                    };
                    let milli = input["milli"].as_i64().unwrap();
                    quantity(Ok(Quantity::from_milli(milli, format)), expect)
                }
                other => Err(format!("unknown op {other}")),
            }
        },
    );
}

/// `Deserialize` gives the same value. It sees no number's text, so that only the notation of one
/// with an exponent may differ; it resolves escapes, and refuses null.
fn through_serde(json: &str, read: &Result<Quantity, String>) -> Result<(), String> {
    if json.trim() == "null" || json.contains('\\') {
        return Ok(());
    }
    let got = serde_json::from_str::<Quantity>(json).map_err(|error| error.to_string());
    same("error through serde", got.is_err(), read.is_err())?;
    let (Ok(got), Ok(read)) = (got, read) else {
        return Ok(());
    };
    same("value through serde", &got, read)?;
    let exponent = !json.starts_with('"') && json.contains(['e', 'E']);
    if exponent {
        return Ok(());
    }
    same("text through serde", got.to_string(), read.to_string())
}

#[test]
fn selectors() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "rules",
        "selectors",
        &["selectors"],
        |case| {
            let (input, expect) = (&case["input"], &case["expect"]);
            let parsed = input["selector"].as_str().unwrap().parse::<LabelSelector>();
            if expect["error"] == true {
                return same("error", parsed.is_err(), true);
            }
            let selector = parsed.map_err(|error| error.to_string())?;
            let requirements: Vec<Value> = selector
                .requirements()
                .iter()
                .map(|r| {
                    serde_json::json!({
                        "key": r.key(), "operator": r.operator().text(), "values": r.values(),
                    })
                })
                .collect();
            same(
                "requirements",
                &Value::from(requirements),
                &expect["requirements"],
            )?;
            same(
                "string",
                selector.to_string().as_str(),
                expect["string"].as_str().unwrap(),
            )?;
            same("empty", selector.is_empty(), expect["empty"] == true)?;
            let sets: Vec<BTreeMap<String, String>> =
                serde_json::from_value(input["labels"].clone()).unwrap();
            let matches: Vec<Value> = sets
                .iter()
                .map(|set| {
                    selector
                        .matches(|key| set.get(key).map(String::as_str))
                        .into()
                })
                .collect();
            same("matches", &Value::from(matches.clone()), &expect["matches"])?;
            if let Some(expected) = expect.get("label_selector") {
                let object = LabelSelectorObject::try_from(&selector).ok();
                let json = serde_json::to_value(&object).unwrap();
                same("label_selector", &json, expected)?;
                if let Some(object) = object {
                    let back =
                        LabelSelector::try_from(&object).map_err(|error| error.to_string())?;
                    for (set, expected) in sets.iter().zip(&matches) {
                        let got = back.matches(|key| set.get(key).map(String::as_str));
                        same(
                            "matches through the object",
                            Value::from(got),
                            expected.clone(),
                        )?;
                    }
                }
            }
            Ok(())
        },
    );
}
