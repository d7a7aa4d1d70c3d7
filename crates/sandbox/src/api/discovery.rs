//! What there is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::route::REVIEWS;
use crate::ApiError;
use crate::kind::Table;

/// The versions of each group but the core one, in the order of the table.
fn groups(kinds: &Table) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let reviews = REVIEWS.iter().map(|(group, _, _)| (*group, "v1"));
    let kinds = kinds
        .iter()
        .map(|kind| (kind.group.as_str(), kind.version.as_str()));
    for (group, version) in kinds.chain(reviews).filter(|(group, _)| !group.is_empty()) {
        let known = groups.iter_mut().find(|(known, _)| known == group);
        match known {
            Some((_, versions)) if versions.iter().any(|known| known == version) => {}
            Some((_, versions)) => versions.push(version.to_owned()),
            None => groups.push((group.to_owned(), vec![version.to_owned()])),
        }
    }
    groups
}

fn group(name: &str, versions: &[String]) -> BTreeMap<&'static str, Value> {
    let version =
        |version: &String| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let versions: Vec<Value> = versions.iter().map(version).collect();
    BTreeMap::from([
        ("name", json!(name)),
        (
            "preferredVersion",
            versions.first().cloned().unwrap_or_default(),
        ),
        ("versions", versions.into()),
    ])
}

/// `/apis`.
pub(super) fn group_list(kinds: &Table) -> Value {
    let groups = groups(kinds);
    let groups: Vec<_> = groups
        .iter()
        .map(|(name, versions)| group(name, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
pub(super) fn one_group(kinds: &Table, name: &str) -> Result<Value, ApiError> {
    let groups = groups(kinds);
    let found = groups.iter().find(|(known, _)| known == name);
    let (name, versions) = found.ok_or(ApiError::NoSuchPath)?;
    let mut found = group(name, versions);
    found.insert("kind", json!("APIGroup"));
    found.insert("apiVersion", json!("v1"));
    Ok(json!(found))
}

/// `/api/v1`, `/apis/GROUP/VERSION`.
pub(super) fn resources(kinds: &Table, group: &str, version: &str) -> Result<Value, ApiError> {
    let mut resources = Vec::new();
    for kind in kinds
        .iter()
        .filter(|kind| kind.group == group && kind.version == version)
    {
        resources.push(json!({
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "shortNames": kind.short_names,
            "categories": kind.categories,
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        }));
        let mut sub = |name: &str, kind_name: &str, group: &str, version: &str| {
            resources.push(json!({
                "name": format!("{}/{name}", kind.plural),
                "singularName": "",
                "namespaced": kind.namespaced,
                "group": group,
                "version": version,
                "kind": kind_name,
                "verbs": ["get", "patch", "update"],
            }));
        };
        if kind.scale.is_some() {
            sub("scale", "Scale", "autoscaling", "v1");
        }
        if kind.status {
            sub("status", &kind.kind, &kind.group, &kind.version);
        }
    }
    for (of, plural, kind) in REVIEWS {
        if of == group && version == "v1" {
            resources.push(json!({
                "name": plural,
                "singularName": kind.to_lowercase(),
                "namespaced": false,
                "kind": kind,
                "verbs": ["create"],
            }));
        }
    }
    if resources.is_empty() {
        return Err(ApiError::NoSuchPath);
    }
    let group_version = match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    Ok(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": resources,
    }))
}

/// `/api`, `/version` and the health endpoints.
pub(super) fn fixed(name: &str) -> Value {
    match name {
        "api" => json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }),
        "version" => json!({
            "major": "1",
            "minor": "36",
            "gitVersion": concat!("v1.36.0+concertina-sandbox-", env!("CARGO_PKG_VERSION")),
            "gitCommit": "",
            "gitTreeState": "clean",
            "buildDate": "",
            "goVersion": "",
            "compiler": "",
            "platform": "",
        }),
        _ => Value::Null,
    }
}
