//! The DaemonSet: Kubernetes knows its fields, its flags are flags, and what it mounts is what is
//! read.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Namespace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::common::command;

fn documents() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/exporter.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

/// What of `written` the type does not have: it is gone, or another, in `read`.
fn unknown(path: &str, written: &Value, read: &Value) -> Vec<String> {
    let at = |key: &dyn std::fmt::Display| format!("{path}/{key}");
    match (written, read) {
        (Value::Object(fields), Value::Object(known)) => fields
            .iter()
            .flat_map(|(key, value)| match known.get(key) {
                Some(read) => unknown(&at(key), value, read),
                None => vec![at(key)],
            })
            .collect(),
        (Value::Array(items), Value::Array(known)) if items.len() == known.len() => items
            .iter()
            .zip(known)
            .enumerate()
            .flat_map(|(place, (item, read))| unknown(&at(&place), item, read))
            .collect(),
        _ if written == read => Vec::new(),
        _ => vec![format!("{path} = {written}")],
    }
}

fn unknown_to<T: DeserializeOwned + Serialize>(document: &Value) -> Vec<String> {
    let typed: T = serde_json::from_value(document.clone()).unwrap();
    unknown("", document, &serde_json::to_value(typed).unwrap())
}

#[test]
fn kubernetes_knows_every_field() {
    let documents = documents();
    assert_eq!(documents.len(), 2);
    for document in &documents {
        let unknown = match document["kind"].as_str().unwrap() {
            "Namespace" => unknown_to::<Namespace>(document),
            _ => unknown_to::<DaemonSet>(document),
        };
        assert_eq!(unknown, [""; 0]);
    }
    let mut set = daemon_set();
    set["spec"]["template"]["spec"]["hostPid"] = true.into();
    set["spec"]["paused"] = true.into();
    let unknown = unknown_to::<DaemonSet>(&set);
    assert_eq!(unknown, ["/spec/paused", "/spec/template/spec/hostPid"]);
}

fn daemon_set() -> Value {
    let mut sets = documents()
        .into_iter()
        .filter(|document| document["kind"] == "DaemonSet");
    sets.next().unwrap()
}

fn texts<'a>(list: &'a Value, key: &str) -> BTreeSet<&'a str> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item.pointer(key).unwrap().as_str().unwrap())
        .collect()
}

#[test]
fn its_flags_are_taken() {
    let set = daemon_set();
    let args = set
        .pointer("/spec/template/spec/containers/0/args")
        .unwrap();
    let args: Vec<&str> = args
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| arg.as_str().unwrap())
        .collect();
    let (subcommand, flags) = args.split_first().unwrap();
    assert_eq!(*subcommand, "export");
    // No driver is failure 1; a flag that does not exist would be 2.
    let mut command = command(flags);
    let ended = command
        .args(["--nvml-library", "/nowhere.so"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn it_mounts_what_is_read_and_nothing_else() {
    let set = daemon_set();
    let pod = set.pointer("/spec/template/spec").unwrap();
    let volumes = &pod["volumes"];
    let mounts = pod.pointer("/containers/0/volumeMounts").unwrap();
    assert_eq!(texts(volumes, "/name"), texts(mounts, "/name"));
    assert_eq!(
        texts(volumes, "/hostPath/path"),
        texts(mounts, "/mountPath")
    );
    let socket = std::path::Path::new(concertina_exporter::SOCKET)
        .parent()
        .unwrap();
    let read = BTreeSet::from([
        socket.to_str().unwrap(),
        "/var/log/containers",
        "/var/log/pods",
    ]);
    assert_eq!(texts(mounts, "/mountPath"), read);
    let read_only = mounts
        .as_array()
        .unwrap()
        .iter()
        .all(|mount| mount["readOnly"] == true);
    assert!(read_only);
    let selector = set.pointer("/spec/selector/matchLabels");
    assert_eq!(selector, set.pointer("/spec/template/metadata/labels"));
}
