//! The names of pods and containers, from what the kubelet calls their log files.
//!
//! The kubelet's own API and the API server know the names as well; asking them needs permissions,
//! and these two folders need only be visible.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::PodRef;

/// A pod's namespace and name.
type Pod = (String, String);

/// Names by UIDs and container ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pods: BTreeMap<String, (Pod, BTreeSet<String>)>,
    containers: BTreeMap<String, PodRef>,
}

impl Names {
    /// Lists `pods` and `containers` of `logs`, which is `/var/log`. A folder that is not there
    /// names nobody.
    pub(super) fn list(logs: &Path) -> Self {
        let mut names = Self::default();
        for folder in entries(&logs.join("pods")) {
            let Some((pod, uid)) = file_name(&folder).and_then(|name| pod_folder(&name)) else {
                continue;
            };
            let containers = entries(&folder)
                .iter()
                .filter_map(|path| file_name(path))
                .collect();
            names.pods.insert(uid, (pod, containers));
        }
        for link in entries(&logs.join("containers")) {
            if let Some((container, id)) = file_name(&link).and_then(|name| container_link(&name)) {
                names.containers.insert(id, container);
            }
        }
        names
    }

    /// The container with that id.
    pub(super) fn container(&self, id: &str) -> Option<&PodRef> {
        self.containers.get(id)
    }

    /// The pod with that UID, and the names of its containers.
    pub(super) fn pod(&self, uid: &str) -> Option<(&Pod, &BTreeSet<String>)> {
        self.pods
            .get(uid)
            .map(|(pod, containers)| (pod, containers))
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).into_iter().flatten();
    listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect()
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

/// `<namespace>_<pod>_<uid>`: none of them has an underscore.
fn pod_folder(name: &str) -> Option<(Pod, String)> {
    let mut parts = name.split('_').map(str::to_owned);
    let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(((namespace, pod), uid))
}

/// `<pod>_<namespace>_<container>-<id>.log`; the kubelet cuts what is longer than a file's name may
/// be, and then it names nobody.
fn container_link(name: &str) -> Option<(PodRef, String)> {
    let (names, id) = name.strip_suffix(".log")?.rsplit_once('-')?;
    if id.len() != 64 {
        return None;
    }
    let mut parts = names.split('_');
    let (pod, namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none();
    whole.then(|| (PodRef::new(namespace, pod, container), id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_log_files() {
        let id = "a".repeat(64);
        let link = container_link(&format!("bert-0_ml_bert-container-{id}.log"));
        let bert = PodRef::new("ml", "bert-0", "bert-container");
        assert_eq!(link, Some((bert, id.clone())));
        assert_eq!(container_link(&format!("bert-0_ml_x-{id}.log.gz")), None);
        assert_eq!(container_link("bert-0_ml_x-aaaa.log"), None, "cut off");
        assert_eq!(container_link(&format!("x-{id}.log")), None);
        let pod = pod_folder("ml_bert-0_0c7e1d2a-5f0b-4c5e-9d3e-2b1a7f8e9c10").unwrap();
        assert_eq!(pod.0, ("ml".to_owned(), "bert-0".to_owned()));
        assert_eq!(pod_folder("ml_bert-0"), None);
        assert_eq!(pod_folder("a_b_c_d"), None);
    }
}
