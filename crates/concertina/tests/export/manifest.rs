//! The DaemonSet: its flags are flags, and what it mounts is what is read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::command;

fn daemon_set() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/exporter.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let mut sets = documents
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
