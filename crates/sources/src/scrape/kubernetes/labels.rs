//! From objects to what is known of a target, under the names of Prometheus 2.42.

use std::collections::BTreeMap;

use super::objects::{Container, ContainerPort, Endpoints, Meta, Pod, Service, Subset};
use super::watch::{Key, Objects};
use crate::scrape::config::Found;

/// The ports of each pod that are targets already.
type Covered<'p> = BTreeMap<&'p Key, Vec<u16>>;

/// The targets of pods: each port of each container, and the pod itself for a container without.
pub(super) fn of_pods(pods: &Objects<Pod>) -> Vec<Found> {
    let with_address = pods.values().filter(|pod| !pod.status.pod_ip.is_empty());
    with_address.flat_map(of_pod).collect()
}

fn of_pod(pod: &Pod) -> Vec<Found> {
    let common = pod_labels(pod);
    let ip = &pod.status.pod_ip;
    let mut all = Vec::new();
    let spec = &pod.spec;
    let containers = spec.containers.iter().flatten().map(|one| (one, false));
    let init = spec.init_containers.iter().flatten().map(|one| (one, true));
    for (container, is_init) in containers.chain(init) {
        let mut own = common.clone();
        set(&mut own, "pod_container_name", &container.name);
        set(
            &mut own,
            "pod_container_id",
            container_id(pod, container, is_init),
        );
        set(&mut own, "pod_container_image", &container.image);
        set(
            &mut own,
            "pod_container_init",
            if is_init { "true" } else { "false" },
        );
        let ports = container.ports.iter().flatten();
        let mut found: Vec<Found> = ports
            .map(|port| {
                let mut own = own.clone();
                address(&mut own, &join(ip, port.container_port));
                port_labels(&mut own, port);
                own
            })
            .collect();
        if found.is_empty() {
            address(&mut own, ip);
            found.push(own);
        }
        all.append(&mut found);
    }
    all
}

/// The targets of endpoints: each address with each port, joined with its service and, where a pod
/// is behind it, with the pod; then the ports of such pods that no endpoint covers.
pub(super) fn of_endpoints(
    endpoints: &Objects<Endpoints>,
    services: &Objects<Service>,
    pods: &Objects<Pod>,
) -> Vec<Found> {
    let mut all = Vec::new();
    for (key, object) in endpoints {
        let mut common = Found::new();
        set(&mut common, "namespace", &object.metadata.namespace);
        set(&mut common, "endpoints_name", &object.metadata.name);
        meta_labels(&mut common, "endpoints", &object.metadata);
        if let Some(service) = services.get(key) {
            set(&mut common, "service_name", &service.metadata.name);
            meta_labels(&mut common, "service", &service.metadata);
        }
        let mut seen = Covered::new();
        for subset in object.subsets.iter().flatten() {
            of_subset(subset, &common, pods, (&mut seen, &mut all));
        }
        for (key, covered) in seen {
            let pod = pods.get(key).filter(|pod| !pod.status.pod_ip.is_empty());
            let Some(pod) = pod else { continue };
            for container in pod.spec.containers.iter().flatten() {
                for port in container.ports.iter().flatten() {
                    if covered.contains(&port.container_port) {
                        continue;
                    }
                    let mut own = common.clone();
                    own.extend(pod_labels(pod));
                    address(&mut own, &join(&pod.status.pod_ip, port.container_port));
                    behind(&mut own, container, port);
                    all.push(own);
                }
            }
        }
    }
    all
}

fn of_subset<'p>(
    subset: &Subset,
    common: &Found,
    pods: &'p Objects<Pod>,
    (seen, all): (&mut Covered<'p>, &mut Vec<Found>),
) {
    let ready = subset.addresses.iter().flatten().map(|one| (one, "true"));
    let other = subset.not_ready_addresses.iter().flatten();
    let places: Vec<_> = ready.chain(other.map(|one| (one, "false"))).collect();
    for port in subset.ports.iter().flatten() {
        for (place, ready) in &places {
            let mut own = common.clone();
            address(&mut own, &join(&place.ip, port.port));
            set(&mut own, "endpoint_port_name", &port.name);
            set(&mut own, "endpoint_port_protocol", or_tcp(&port.protocol));
            set(&mut own, "endpoint_ready", ready);
            let behind_it = place.target_ref.as_ref();
            set(
                &mut own,
                "endpoint_node_name",
                place.node_name.as_deref().unwrap_or_default(),
            );
            set(
                &mut own,
                "endpoint_hostname",
                place.hostname.as_deref().unwrap_or_default(),
            );
            if let Some(target) = behind_it {
                set(&mut own, "endpoint_address_target_kind", &target.kind);
                set(&mut own, "endpoint_address_target_name", &target.name);
            }
            let pod = behind_it
                .filter(|target| target.kind == "Pod")
                .and_then(|target| {
                    pods.get_key_value(&(target.namespace.clone(), target.name.clone()))
                });
            if let Some((key, pod)) = pod {
                own.extend(pod_labels(pod));
                seen.entry(key).or_default().push(port.port);
                let containers = pod.spec.containers.iter().flatten();
                for container in containers {
                    let ports = container.ports.iter().flatten();
                    for at in ports.filter(|at| at.container_port == port.port) {
                        behind(&mut own, container, at);
                    }
                }
            }
            all.push(own);
        }
    }
}

fn pod_labels(pod: &Pod) -> Found {
    let (meta, status) = (&pod.metadata, &pod.status);
    let mut found = Found::new();
    set(&mut found, "namespace", &meta.namespace);
    set(&mut found, "pod_name", &meta.name);
    set(&mut found, "pod_uid", &meta.uid);
    set(&mut found, "pod_ip", &status.pod_ip);
    set(&mut found, "pod_host_ip", &status.host_ip);
    set(&mut found, "pod_node_name", &pod.spec.node_name);
    set(&mut found, "pod_phase", &status.phase);
    let mut conditions = status.conditions.iter().flatten();
    let ready = conditions.find(|condition| condition.kind == "Ready");
    let ready = ready.map_or("unknown".to_owned(), |ready| ready.status.to_lowercase());
    set(&mut found, "pod_ready", &ready);
    let mut owners = meta.owner_references.iter().flatten();
    if let Some(owner) = owners.find(|owner| owner.controller == Some(true)) {
        set(&mut found, "pod_controller_kind", &owner.kind);
        set(&mut found, "pod_controller_name", &owner.name);
    }
    meta_labels(&mut found, "pod", meta);
    found
}

/// Labels and annotations of an object, and that they are there.
fn meta_labels(found: &mut Found, kind: &str, meta: &Meta) {
    for (what, texts) in [("label", &meta.labels), ("annotation", &meta.annotations)] {
        for (name, value) in texts.iter().flatten() {
            let name = sanitized(name);
            set(found, &format!("{kind}_{what}_{name}"), value);
            set(found, &format!("{kind}_{what}present_{name}"), "true");
        }
    }
}

fn container_id<'p>(pod: &'p Pod, container: &Container, is_init: bool) -> &'p str {
    let statuses = match is_init {
        true => &pod.status.init_container_statuses,
        false => &pod.status.container_statuses,
    };
    let mut statuses = statuses.iter().flatten();
    let status = statuses.find(|status| status.name == container.name);
    status.map_or("", |status| &status.container_id)
}

/// The container that a port of endpoints leads to.
fn behind(found: &mut Found, container: &Container, port: &ContainerPort) {
    set(found, "pod_container_name", &container.name);
    set(found, "pod_container_image", &container.image);
    port_labels(found, port);
}

fn port_labels(found: &mut Found, port: &ContainerPort) {
    set(found, "pod_container_port_name", &port.name);
    set(
        found,
        "pod_container_port_number",
        &port.container_port.to_string(),
    );
    set(found, "pod_container_port_protocol", or_tcp(&port.protocol));
}

/// The API's default, which an API server writes out.
fn or_tcp(protocol: &str) -> &str {
    if protocol.is_empty() { "TCP" } else { protocol }
}

fn set(found: &mut Found, name: &str, value: &str) {
    if !value.is_empty() {
        found.insert(format!("__meta_kubernetes_{name}"), value.to_owned());
    }
}

fn address(found: &mut Found, address: &str) {
    found.insert("__address__".to_owned(), address.to_owned());
}

fn join(ip: &str, port: u16) -> String {
    match ip.contains(':') {
        true => format!("[{ip}]:{port}"),
        false => format!("{ip}:{port}"),
    }
}

fn sanitized(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(fits).collect()
}
