//! Lines as kernels and runtimes write them.

use super::*;

const UID: &str = "0c7e1d2a-5f0b-4c5e-9d3e-2b1a7f8e9c10";
const ID: &str = "4f1c2b7a9d8e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a";
const OTHER: &str = "9999999999999999999999999999999999999999999999999999999999999999";

/// `U` is the UID, `S` the UID as systemd writes it, `C` the container's id, `O` another's.
fn filled(line: &str) -> String {
    line.replace("{U}", UID)
        .replace("{S}", &UID.replace('-', "_"))
        .replace("{C}", ID)
        .replace("{O}", OTHER)
}

#[test]
fn every_driver_and_runtime() {
    for line in [
        // v2, systemd: containerd, CRI-O with and without its inner group, docker; the classes.
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{S}.slice/cri-containerd-{C}.scope",
        "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{S}.slice/cri-containerd-{C}.scope",
        "0::/kubepods.slice/kubepods-pod{S}.slice/cri-containerd-{C}.scope",
        "0::/kubepods.slice/kubepods-pod{S}.slice/crio-{C}.scope",
        "0::/kubepods.slice/kubepods-pod{S}.slice/crio-{C}.scope/container",
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{S}.slice/docker-{C}.scope",
        // v2, cgroupfs.
        "0::/kubepods/burstable/pod{U}/{C}",
        "0::/kubepods/pod{U}/{C}",
        "0::/kubepods/besteffort/pod{U}/crio-{C}",
        // v1, several hierarchies.
        "11:devices:/kubepods/burstable/pod{U}/{C}\n1:name=systemd:/kubepods/burstable/pod{U}/{C}",
        "12:memory:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{S}.slice/docker-{C}.scope\n0::/system.slice/docker.service",
        "4:devices:/kubepods.slice/kubepods-pod{S}.slice/crio-{C}.scope",
        // v1 and v2 together, where only v1 says it all.
        "0::/kubepods.slice/kubepods-pod{S}.slice\n3:cpu,cpuacct:/kubepods.slice/kubepods-pod{S}.slice/cri-containerd-{C}.scope",
        // containerd with cgroupfs below a kubelet with systemd.
        "0::/system.slice/containerd.service/kubepods-burstable-pod{S}.slice:cri-containerd:{C}",
        "10:devices:/system.slice/containerd.service/kubepods-besteffort-pod{S}.slice:cri-containerd:{C}",
        // kind: a node that is a container, v2 and v1.
        "0::/system.slice/docker-{O}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{S}.slice/cri-containerd-{C}.scope",
        "7:devices:/docker/{O}/kubelet/kubepods/burstable/pod{U}/{C}",
        // k3s and minikube put the kubelet elsewhere.
        "0::/k3s.slice/kubepods.slice/kubepods-pod{S}.slice/cri-containerd-{C}.scope",
        // Seen from another pod's cgroup namespace.
        "0::/../../../kubepods-burstable.slice/kubepods-burstable-pod{S}.slice/cri-containerd-{C}.scope",
        // systemd, and docker in docker, inside the container.
        "0::/kubepods.slice/kubepods-pod{S}.slice/cri-containerd-{C}.scope/init.scope",
        "0::/kubepods.slice/kubepods-pod{S}.slice/cri-containerd-{C}.scope/system.slice/app.service",
        "0::/kubepods/pod{U}/{C}/docker/{O}",
    ] {
        let owner = CgroupOwner::parse(&filled(line)).expect(line);
        assert_eq!(owner.pod_uid.as_deref(), Some(UID), "{line}");
        assert_eq!(owner.container_id.as_deref(), Some(ID), "{line}");
    }
}

#[test]
fn less_than_all_of_it() {
    let parse = |line: &str| {
        CgroupOwner::parse(&filled(line)).map(|owner| (owner.pod_uid, owner.container_id))
    };
    let (uid, id) = (Some(UID.to_owned()), Some(ID.to_owned()));
    // The pod's own group, and the same pod's seen from its cgroup namespace.
    assert_eq!(
        parse("0::/kubepods.slice/kubepods-pod{S}.slice"),
        Some((uid, None))
    );
    assert_eq!(
        parse("0::/../cri-containerd-{C}.scope"),
        Some((None, id.clone()))
    );
    // Containers of no pod.
    assert_eq!(
        parse("0::/system.slice/docker-{C}.scope"),
        Some((None, id.clone()))
    );
    assert_eq!(parse("7:devices:/docker/{C}"), Some((None, id)));
    // A static pod's UID is a hash.
    let hash = "0123456789abcdef0123456789abcdef";
    let line = format!("0::/kubepods/pod{hash}/{ID}");
    assert_eq!(
        CgroupOwner::parse(&line).unwrap().pod_uid.as_deref(),
        Some(hash)
    );
}

#[test]
fn what_is_no_pods() {
    for line in [
        "0::/",
        "0::/init.scope",
        "0::/user.slice/user-1000.slice/session-3.scope",
        "0::/system.slice/nvidia-persistenced.service",
        "0::/podman/thing",
        "0::/kubepods.slice",
        "0::/kubepods/podnothex",
        "0::/system.slice/docker-4f1c2b7a9d8e.scope",
        "",
        "0:",
        "nonsense",
    ] {
        assert_eq!(CgroupOwner::parse(line), None, "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "(\\PC|[/:\n]|kubepods|pod|\\.slice|-){0,40}") {
        let owner = CgroupOwner::parse(&text);
        if let Some(id) = owner.and_then(|owner| owner.container_id) {
            proptest::prop_assert!(text.contains(&id));
        }
    }
}
