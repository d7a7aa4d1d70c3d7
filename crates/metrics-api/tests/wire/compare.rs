//! When an answer of ours counts as the recorded one.

use std::collections::BTreeSet;

use concertina_model::Quantity;
use serde_json::Value;

use crate::differences::{AGGREGATED, Difference, Used};
use crate::protobuf;
use crate::recorded::{Answer, Case};

/// The headers that are compared: what a client acts on.
const HEADERS: [&str; 3] = ["content-type", "cache-control", "x-content-type-options"];

/// Compares status, headers and body, modulo times and the order of lists. The differences that
/// were met are noted in `used`.
pub(crate) fn compare(case: &Case, ours: &Answer, used: &mut Used) -> Result<(), String> {
    let mut recorded = case.answer.clone();
    used.apply(case, &mut recorded);
    if recorded.status != ours.status {
        let body = String::from_utf8_lossy(&ours.body);
        let (theirs, ours) = (recorded.status, ours.status);
        return Err(format!("status {ours} instead of {theirs}: {body}"));
    }
    for name in HEADERS {
        let (theirs, ours) = (recorded.header(name), ours.header(name));
        if theirs != ours {
            return Err(format!("{name}: `{ours}` instead of `{theirs}`"));
        }
    }
    if ours.header("content-type").ends_with("kubernetes.protobuf") {
        let (theirs, ours) = (protobuf::read(&recorded.body)?, protobuf::read(&ours.body)?);
        let listed = || ours.clone().without(&VERSION_2) == theirs;
        return match theirs == ours || listed() && used.note(Difference::Versions, case) {
            true => Ok(()),
            false => Err(format!("{ours:?}\ninstead of\n{theirs:?}")),
        };
    }
    let (theirs, mut ours) = (document(&recorded), document(ours));
    if ours["kind"] == "Table" {
        // Its columns are pinned by a test of its own.
        ours = ours["rows"].take();
    }
    if theirs["items"] == AGGREGATED {
        let flat = aggregated(&ours["items"]);
        return match flat == used.listed {
            true => Ok(()),
            false => Err(format!("{flat:?} instead of {:?}", used.listed)),
        };
    }
    same(&theirs, &ours, "", case, used)
}

/// `GROUP/VERSION RESOURCE/METRIC` for all that an aggregated list has.
fn aggregated(items: &Value) -> BTreeSet<String> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let mut flat = BTreeSet::new();
    for group in list(items) {
        for version in list(&group["versions"]) {
            let group = group["metadata"]["name"].as_str().unwrap();
            let of = format!("{group}/{}", version["version"].as_str().unwrap());
            for resource in list(&version["resources"]) {
                let name = resource["resource"].as_str().unwrap();
                for metric in list(&resource["subresources"]) {
                    let metric = metric["subresource"].as_str().unwrap();
                    flat.insert(format!("{of} {name}/{metric}"));
                }
            }
        }
    }
    flat
}

/// A body as JSON: texts become lists of lines.
fn document(answer: &Answer) -> Value {
    let text = std::str::from_utf8(&answer.body).unwrap();
    match answer.header("content-type").split(';').next() {
        Some("application/json") if text.trim().is_empty() => Value::Null,
        Some("application/json") => serde_json::from_str(text).unwrap(),
        Some("application/yaml") => serde_saphyr::from_str(text).unwrap(),
        _ => text.lines().map(str::to_owned).collect(),
    }
}

fn same(
    theirs: &Value,
    ours: &Value,
    place: &str,
    case: &Case,
    used: &mut Used,
) -> Result<(), String> {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                let ours = ours.get(key).unwrap_or(&Value::Null);
                same(value, ours, &format!("{place}.{key}"), case, used)?;
            }
            match ours.keys().find(|key| !theirs.contains_key(*key)) {
                Some(key) => Err(format!("{place}.{key}: it is not in the recorded answer")),
                None => Ok(()),
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if theirs.len() != ours.len() {
                let ours = Value::from(ours.clone());
                return Err(format!(
                    "{place}: {ours} instead of {} elements",
                    theirs.len()
                ));
            }
            let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
            if !place.ends_with(".cells") {
                theirs.sort_by_key(key);
                ours.sort_by_key(key);
            }
            let mut pairs = theirs.iter().zip(&ours);
            pairs.try_for_each(|(theirs, ours)| {
                same(theirs, ours, &format!("{place}[]"), case, used)
            })
        }
        (Value::String(theirs), Value::String(ours)) => {
            let equal = theirs == ours
                // The tag of a description, and the description's own words.
                || theirs.split_once("?hash=").map(|url| url.0) == Some(&ours[..ours.find("?hash=").unwrap_or(0)])
                || words(place, case) && used.note(Difference::Words, case)
                || (place.ends_with(".timestamp") || theirs == "TIME") && is_time(ours)
                || goes_on(place, theirs, ours, case, used)
                || exact(place, theirs, ours, case, used);
            match equal {
                true => Ok(()),
                false => Err(format!("{place}: `{ours}` instead of `{theirs}`")),
            }
        }
        (theirs, ours) if theirs == ours => Ok(()),
        (theirs, ours) => Err(format!("{place}: {ours} instead of {theirs}")),
    }
}

/// What lists are ordered by: names, or the whole element.
fn key(element: &Value) -> String {
    let names = [
        &element["name"],
        &element["metadata"]["name"],
        &element["describedObject"]["name"],
    ];
    let name = names.iter().find_map(|name| name.as_str());
    name.map_or_else(|| element.to_string(), str::to_owned)
}

/// Whether ours is the recorded text of an error, followed by the reason.
fn goes_on(place: &str, theirs: &str, ours: &str, case: &Case, used: &mut Used) -> bool {
    let text = place.ends_with(".message") && case.answer.status >= 400;
    let on = text
        && ours
            .strip_prefix(theirs)
            .is_some_and(|rest| rest.starts_with(": "));
    on && used.note(Difference::Reason, case)
}

/// Whether the recorded value is ours, cut to thousandths.
fn exact(place: &str, theirs: &str, ours: &str, case: &Case, used: &mut Used) -> bool {
    let milli = |text: &str| {
        let quantity: Quantity = text.parse().ok()?;
        Some((quantity.to_ratio() * num_bigint::BigInt::from(1000)).trunc())
    };
    place.ends_with(".value")
        && milli(theirs).is_some()
        && milli(theirs) == milli(ours)
        && used.note(Difference::Exact, case)
}

/// The entry of `v1beta2` in a list of versions.
const VERSION_2: [(u64, &str); 2] = [(1, "custom.metrics.k8s.io/v1beta2"), (2, "v1beta2")];

/// Whether this is a text of an OpenAPI document that is for people.
fn words(place: &str, case: &Case) -> bool {
    let places = [".description", ".info.title", ".info.version"];
    case.target.starts_with("/openapi/") && places.iter().any(|end| place.ends_with(end))
}

fn is_time(text: &str) -> bool {
    humantime::parse_rfc3339(text).is_ok()
}
