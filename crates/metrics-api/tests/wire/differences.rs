//! Where our answers differ from the recorded ones on purpose. Each difference says to which
//! requests it applies, and turns the recorded answer into the one that is expected instead.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::recorded::{Answer, Case};

/// A difference on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// An error's text goes on with the reason.
    Reason,
    /// A value is exact where upstream cuts it to thousandths.
    Exact,
    /// A wrong `metricLabelSelector` is a 400 with the reason `BadRequest`, not a 500 without one.
    MetricSelector,
    /// What is wrong with a selector is told in other words.
    SelectorText,
    /// A cluster-scoped resource asked for inside a namespace is a metric that does not exist (404),
    /// as upstream answers when one object is asked for by name, also when all are.
    Scope,
    /// The group lists `v1beta2`, which upstream serves and does not list.
    Versions,
    /// kubectl gets the table that it asks for.
    Table,
    /// Streams are not served, so that a 406 does not offer them.
    Streams,
    /// The checks and paths of Go's API server library do not exist.
    Library,
    /// `/version` tells the version.
    Version,
    /// Aggregated discovery lists what is served, where upstream's list is empty.
    Aggregated,
    /// The texts for people in OpenAPI documents are our own.
    Words,
    /// Every text says that it is no HTML, also the answer of a single check.
    NoSniff,
}

/// The differences that were met, and by which cases.
#[derive(Debug, Default)]
pub(crate) struct Used {
    pub(crate) met: BTreeMap<Difference, Vec<String>>,
    /// `GROUP/VERSION RESOURCE/METRIC` of the plain lists.
    pub(crate) listed: BTreeSet<String>,
}

/// Turns the recorded answer into the expected one; whether there was anything to turn.
type Change = fn(&Case, &mut Answer) -> bool;

/// Stands for the aggregated list of what the plain lists have.
pub(crate) const AGGREGATED: &str = "AGGREGATED";

impl Used {
    /// Notes that `case` needed `difference`.
    pub(crate) fn note(&mut self, difference: Difference, case: &Case) -> bool {
        let cases = self.met.entry(difference).or_default();
        if !cases.contains(&case.name) {
            cases.push(case.name.clone());
        }
        true
    }

    /// Turns the recorded answer into the expected one.
    pub(crate) fn apply(&mut self, case: &Case, recorded: &mut Answer) {
        const ALL: [(Difference, Change); 10] = [
            (Difference::MetricSelector, metric_selector),
            (Difference::SelectorText, selector_text),
            (Difference::Scope, scope),
            (Difference::Versions, versions),
            (Difference::Table, table),
            (Difference::Streams, streams),
            (Difference::Library, library),
            (Difference::Version, version),
            (Difference::Aggregated, aggregated),
            (Difference::NoSniff, no_sniff),
        ];
        for (difference, change) in ALL {
            if change(case, recorded) {
                self.note(difference, case);
            }
        }
    }
}

/// Changes a JSON body; a body that is none is left as it is.
fn edit(answer: &mut Answer, change: impl FnOnce(&mut Value) -> bool) -> bool {
    let Ok(mut body) = serde_json::from_slice(&answer.body) else {
        return false;
    };
    let changed = change(&mut body);
    if changed {
        answer.body = body.to_string().into_bytes();
    }
    changed
}

fn metric_selector(case: &Case, recorded: &mut Answer) -> bool {
    if recorded.status != 500 || !case.target.contains("metricLabelSelector=") {
        return false;
    }
    recorded.status = 400;
    edit(recorded, |body| {
        body["code"] = json!(400);
        body["reason"] = json!("BadRequest");
        true
    })
}

/// The two forms of texts of apimachinery's parser are replaced by ours, which a test of the model
/// pins.
fn selector_text(case: &Case, recorded: &mut Answer) -> bool {
    let wrong = recorded.status == 400 && case.target.contains("abelSelector=");
    wrong
        && edit(recorded, |body| {
            let text = body["message"].as_str().unwrap_or_default();
            if !text.contains("expected: ") {
                return false;
            }
            let query = case.target.split_once('?').unwrap_or_default().1;
            let pairs = concertina_http::query_pairs(query);
            let found = pairs.iter().find_map(|(name, value)| {
                let error = value.parse::<concertina_model::LabelSelector>().err()?;
                name.ends_with("abelSelector")
                    .then(|| format!("{name}: {error}"))
            });
            body["message"] = json!(found);
            true
        })
}

fn scope(case: &Case, recorded: &mut Answer) -> bool {
    let path = case.target.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(4).collect();
    let ["namespaces", _, "nodes", "*", metric] = segments[..] else {
        return false;
    };
    recorded.status = 404;
    edit(recorded, |body| {
        let text = format!("the server could not find the metric {metric} for nodes");
        body["message"] = json!(text);
        body["reason"] = json!("NotFound");
        body["code"] = json!(404);
        body.as_object_mut().unwrap().remove("details");
        true
    })
}

fn versions(_: &Case, recorded: &mut Answer) -> bool {
    let added = |group: &mut Value| {
        let versions = group["versions"].as_array_mut();
        let Some(versions) = versions.filter(|versions| versions.len() == 1) else {
            return false;
        };
        versions.push(json!({
            "groupVersion": "custom.metrics.k8s.io/v1beta2",
            "version": "v1beta2",
        }));
        true
    };
    edit(recorded, |body| {
        match body.get("kind").and_then(Value::as_str) {
            Some("APIGroup") => added(body),
            Some("APIGroupList") => body["groups"].as_array_mut().unwrap().iter_mut().any(added),
            _ => false,
        }
    })
}

fn table(case: &Case, recorded: &mut Answer) -> bool {
    let accept = case.headers.get("accept");
    let accept = accept.map_or("", |value| value.to_str().unwrap());
    if !accept.starts_with("application/json;as=Table") || recorded.status != 200 {
        return false;
    }
    edit(recorded, |list| {
        let items = list["items"].as_array().unwrap();
        let rows = items.iter().map(|item| {
            let object = &item["describedObject"];
            let metric = match item.get("metricName") {
                Some(name) => name,
                None => &item["metric"]["name"],
            };
            json!({
                "cells": [object["name"], object["kind"], metric, item["value"], "", "TIME"],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": {
                        "name": object["name"],
                        "namespace": object["namespace"],
                    },
                },
            })
        });
        *list = rows.collect::<Vec<_>>().into();
        true
    })
}

fn streams(_: &Case, recorded: &mut Answer) -> bool {
    recorded.status == 406
        && edit(recorded, |body| {
            let text = body["message"].as_str().unwrap().to_owned();
            let (media, _) = text.split_once(", application/json;stream").unwrap();
            body["message"] = json!(media);
            true
        })
}

/// Names of checks, and paths, that only Go's library has.
fn of_library(name: &str) -> bool {
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    name.contains("poststarthook/")
        || ["log", "informer-sync", "shutdown", "slis"].contains(&last)
        // The same place as the path without its end.
        || name == "/openapi/v3/"
}

fn library(case: &Case, recorded: &mut Answer) -> bool {
    if case.target.ends_with("?verbose") {
        let text = String::from_utf8(recorded.body.clone()).unwrap();
        let check = |line: &&str| {
            let name = line
                .strip_prefix("[+]")
                .and_then(|rest| rest.strip_suffix(" ok"));
            !name.is_some_and(of_library)
        };
        let kept: Vec<&str> = text.lines().filter(check).collect();
        recorded.body = kept.join("\n").into_bytes();
        return true;
    }
    edit(recorded, |body| {
        match body.get_mut("paths").and_then(Value::as_array_mut) {
            None => false,
            Some(paths) => {
                paths.retain(|path| !of_library(path.as_str().unwrap()));
                true
            }
        }
    })
}

fn version(case: &Case, recorded: &mut Answer) -> bool {
    case.target == "/version"
        && edit(recorded, |body| {
            let version = env!("CARGO_PKG_VERSION");
            let mut parts = version.split('.');
            body["major"] = json!(parts.next());
            body["minor"] = json!(parts.next());
            body["gitVersion"] = json!(format!("v{version}"));
            let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
            body["platform"] = json!(format!("{os}/{arch}"));
            true
        })
}

/// What must be in the list is checked where the answers are compared.
fn aggregated(_: &Case, recorded: &mut Answer) -> bool {
    edit(recorded, |body| {
        let empty = body["kind"] == "APIGroupDiscoveryList" && body["items"] == json!([]);
        if empty {
            body["items"] = json!(AGGREGATED);
        }
        empty
    })
}

fn no_sniff(case: &Case, recorded: &mut Answer) -> bool {
    let mut segments = case.target.split('/').skip(1);
    let health = ["healthz", "livez", "readyz"].contains(&segments.next().unwrap_or_default());
    if recorded.status != 200 || !health || segments.next().is_none() {
        return false;
    }
    let value = http::HeaderValue::from_static("nosniff");
    recorded
        .headers
        .insert("x-content-type-options", value)
        .is_none()
}
