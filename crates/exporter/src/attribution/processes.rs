//! Whose process is which, by the kernel's word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use concertina_sources::NodeReading;

use super::names::Names;
use super::{Basis, CgroupOwner, PodRef, Unattributed};

/// The number that the kernel gives to the first of all PID namespaces, the node's.
const FIRST_NAMESPACE: &str = "pid:[4026531836]";

/// Where the node's processes and the kubelet's log files are to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOptions {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/var/log`, with the kubelet's `pods` and `containers`.
    pub logs: PathBuf,
    /// False when `proc` does not show the node's processes. The numbers of other namespaces mean
    /// other processes there, so nobody is looked up.
    pub host_pid: bool,
}

impl ProcessOptions {
    /// `/proc` and `/var/log`, and whether this process is in the node's own PID namespace.
    #[must_use]
    pub fn detect() -> Self {
        let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            proc: PathBuf::from("/proc"),
            logs: PathBuf::from("/var/log"),
            host_pid: namespace == Path::new(FIRST_NAMESPACE),
        }
    }
}

/// Whose a process is, or why nobody knows.
pub(super) type Owner = Result<(PodRef, Basis), Unattributed>;

/// The processes on all GPUs and MIG instances of `node`.
pub(super) fn pids(node: &NodeReading) -> BTreeSet<u32> {
    let processes = node.gpus.iter().flat_map(|gpu| {
        let split = gpu.mig.iter().flatten().flat_map(|mig| &mig.processes);
        gpu.processes.iter().chain(split)
    });
    processes.map(|process| process.pid).collect()
}

/// Looks up `pids`; this reads files. `holders` are the containers that hold devices: they name the
/// container of a process of which only the pod is known.
pub(super) fn owners(
    pids: &BTreeSet<u32>,
    options: &ProcessOptions,
    holders: &BTreeSet<PodRef>,
) -> Vec<(u32, Owner)> {
    if pids.is_empty() {
        return Vec::new();
    }
    let names = match options.host_pid {
        true => Names::list(&options.logs),
        false => Names::default(),
    };
    let looked_up = pids.iter().map(|pid| match options.host_pid {
        true => (*pid, owner(*pid, &options.proc, &names, holders)),
        false => (*pid, Err(Unattributed::Hidden)),
    });
    looked_up.collect()
}

fn owner(pid: u32, proc: &Path, names: &Names, holders: &BTreeSet<PodRef>) -> Owner {
    let file = proc.join(pid.to_string()).join("cgroup");
    let text = std::fs::read_to_string(file).map_err(|_| Unattributed::Gone)?;
    let owner = CgroupOwner::parse(&text).ok_or(Unattributed::NoPod)?;
    let id = owner.container_id.as_deref();
    if let Some(container) = id.and_then(|id| names.container(id)) {
        return Ok((container.clone(), Basis::Container));
    }
    let uid = owner.pod_uid.as_deref().ok_or(Unattributed::NoPod)?;
    let ((namespace, pod), containers) = names.pod(uid).ok_or(Unattributed::NoName)?;
    let of_pod = |holder: &&PodRef| holder.namespace == *namespace && holder.pod == *pod;
    let holding: Vec<&PodRef> = holders.iter().filter(of_pod).collect();
    // The one that holds GPUs, or the only one there is.
    let container = match (holding.as_slice(), containers.first()) {
        ([holder], _) => (*holder).clone(),
        ([], Some(only)) if containers.len() == 1 => PodRef::new(namespace, pod, only),
        _ => return Err(Unattributed::NoName),
    };
    Ok((container, Basis::Pod))
}

#[cfg(test)]
mod tests {
    use concertina_sources::{Absence, GpuReading, ProcessReading, Reading};

    use super::*;

    const UID: &str = "0c7e1d2a-5f0b-4c5e-9d3e-2b1a7f8e9c10";

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let name = format!("concertina-{test}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn file(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // What is left behind is the system's temporary folder's.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn node(pids: &[u32]) -> NodeReading {
        let mut gpu = GpuReading::new(0, "GPU-0", "", "");
        gpu.processes.extend(pids.iter().map(|pid| ProcessReading {
            pid: *pid,
            sm_utilization: Reading::Absent(Absence::NoSample),
            memory_used: Reading::Value(1.0),
        }));
        NodeReading {
            gpus: vec![gpu],
            ..NodeReading::default()
        }
    }

    #[test]
    fn by_container_by_pod_and_not_at_all() {
        let folder = Folder::new("processes");
        let (known, cut) = ("a".repeat(64), "b".repeat(64));
        let group = |id: &str| format!("0::/kubepods/burstable/pod{UID}/{id}\n");
        folder.file("proc/1/cgroup", &group(&known));
        folder.file("proc/2/cgroup", &group(&cut));
        folder.file(
            "proc/3/cgroup",
            "0::/system.slice/nvidia-persistenced.service\n",
        );
        folder.file(
            "proc/5/cgroup",
            "0::/kubepods/pod0123456789abcdef0123456789abcdef/x\n",
        );
        folder.file(&format!("log/containers/bert-0_ml_sidecar-{known}.log"), "");
        folder.file(&format!("log/pods/ml_bert-0_{UID}/main/0.log"), "");
        folder.file(&format!("log/pods/ml_bert-0_{UID}/sidecar/0.log"), "");
        let mut options = ProcessOptions {
            proc: folder.0.join("proc"),
            logs: folder.0.join("log"),
            host_pid: true,
        };
        let main = PodRef::new("ml", "bert-0", "main");
        let sidecar = PodRef::new("ml", "bert-0", "sidecar");
        let holders = BTreeSet::from([main.clone()]);
        let pids = pids(&node(&[1, 2, 3, 4, 5]));
        let expected = [
            (1, Ok((sidecar, Basis::Container))),
            (2, Ok((main, Basis::Pod))),
            (3, Err(Unattributed::NoPod)),
            (4, Err(Unattributed::Gone)),
            (5, Err(Unattributed::NoName)),
        ];
        assert_eq!(owners(&pids, &options, &holders), expected);

        // Two containers, none of which holds a device: it may be either's.
        let found = owners(&BTreeSet::from([2]), &options, &BTreeSet::new());
        assert_eq!(found, [(2, Err(Unattributed::NoName))]);

        options.host_pid = false;
        let found = owners(&BTreeSet::from([1]), &options, &holders);
        assert_eq!(found, [(1, Err(Unattributed::Hidden))]);
    }
}
