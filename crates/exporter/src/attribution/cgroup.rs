//! The pod and the container that a process' cgroup names.

/// What the text of `/proc/<pid>/cgroup` says of a process in a container.
///
/// ```
/// use concertina_exporter::CgroupOwner;
///
/// let text = "0::/kubepods.slice/kubepods-burstable.slice/\
///             kubepods-burstable-pod0c7e1d2a_5f0b_4c5e_9d3e_2b1a7f8e9c10.slice/\
///             cri-containerd-4f1c2b7a9d8e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a.scope\n";
/// let owner = CgroupOwner::parse(text).unwrap();
/// assert_eq!(owner.pod_uid.as_deref(), Some("0c7e1d2a-5f0b-4c5e-9d3e-2b1a7f8e9c10"));
/// assert!(owner.container_id.unwrap().starts_with("4f1c2b7a"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CgroupOwner {
    /// The pod's UID, with dashes unless it is a static pod's, which has none.
    pub pod_uid: Option<String>,
    /// The container's id at its runtime.
    pub container_id: Option<String>,
}

impl CgroupOwner {
    /// Reads the lines of cgroup v1, of v2, or of both, with the drivers systemd and cgroupfs of
    /// containerd, CRI-O and docker. `None` when no line names a pod or a container.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let owners = text.lines().filter_map(|line| {
            // hierarchy:controllers:path, and a path may have colons, too.
            let path = line.splitn(3, ':').nth(2)?;
            Self::of_path(path)
        });
        // On a node with both versions one of them may name less than the other.
        owners.max_by_key(|owner| (owner.pod_uid.is_some(), owner.container_id.is_some()))
    }

    /// The innermost pod on the path, and the container below it.
    fn of_path(path: &str) -> Option<Self> {
        // containerd without systemd's driver, below a kubelet with it, has `slice:cri-containerd:id`.
        let parts: Vec<&str> = path
            .split(['/', ':'])
            .filter(|part| !part.is_empty())
            .collect();
        let pod = parts
            .iter()
            .enumerate()
            .rev()
            .find_map(|(place, part)| Some((place, pod_uid(part)?)));
        let (pod_uid, below) = match pod {
            Some((place, uid)) => (Some(uid), parts.get(place + 1..).unwrap_or_default()),
            None => (None, &parts[..]),
        };
        // Below a pod the outermost id is the pod's container; what runs inside it may have more.
        let mut ids = below.iter().filter_map(|part| container_id(part));
        let container_id = match pod_uid {
            Some(_) => ids.next(),
            None => ids.next_back(),
        };
        let container_id = container_id.map(str::to_owned);
        (pod_uid.is_some() || container_id.is_some()).then_some(Self {
            pod_uid,
            container_id,
        })
    }
}

/// The UID in `pod<uid>` or `kubepods-besteffort-pod<uid>.slice`, where systemd has `_` for `-`.
fn pod_uid(part: &str) -> Option<String> {
    let name = part.strip_suffix(".slice").unwrap_or(part);
    let after = match name.rsplit_once("-pod") {
        Some((before, after)) if before.contains("kubepods") => after,
        _ => name.strip_prefix("pod")?,
    };
    let uid = after.replace('_', "-");
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let groups: Vec<&str> = uid.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    // A static pod's is the hash of its manifest.
    let known = matches!(lengths.as_slice(), [8, 4, 4, 4, 12] | [32]);
    (known && groups.into_iter().all(hex)).then_some(uid)
}

/// The id in `<id>`, `cri-containerd-<id>.scope`, `crio-<id>`, `docker-<id>.scope` and the like.
fn container_id(part: &str) -> Option<&str> {
    let name = part.strip_suffix(".scope").unwrap_or(part);
    let id = name.rsplit('-').next().unwrap_or(name);
    let known = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    known.then_some(id)
}

#[cfg(test)]
mod tests;
