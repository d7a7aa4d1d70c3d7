//! Which resources a cluster has.

use std::borrow::Cow;
use std::sync::Arc;

use concertina_model::GroupResource;
use concertina_rules::RuleFile;
use serde::{Deserialize, Serialize};

/// A resource of a cluster, as discovery lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApiResource {
    /// The API group; empty for the core group.
    #[serde(default)]
    pub group: String,
    /// The version: `v1`.
    pub version: String,
    /// The plural: `pods`.
    pub plural: String,
    /// The singular: `pod`; empty when the server lists none.
    #[serde(default)]
    pub singular: String,
    /// The kind: `Pod`.
    pub kind: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl ApiResource {
    /// Group and plural.
    #[must_use]
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&*self.group, &*self.plural)
    }

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The singular; the lower-cased kind where the server lists none.
    #[must_use]
    pub fn singular(&self) -> String {
        match self.singular.as_str() {
            "" => self.kind.to_lowercase(),
            singular => singular.to_owned(),
        }
    }
}

/// What is known of a cluster's resources: API discovery, or a table.
pub trait Resources: Send + Sync {
    /// The resource that `partial` names: by plural, singular or lower-cased kind, in any case;
    /// with the exact group, or the beginning of one (`app` for `apps`), or without a group (the
    /// first that has it). As apimachinery 0.30's RESTMapper resolves it, except that `podlist`
    /// and the like name nothing.
    fn resolve(&self, partial: &GroupResource) -> Option<Arc<ApiResource>>;

    /// The singular that the first group with such a plural has.
    fn singular(&self, plural: &str) -> Option<String> {
        let found = self.resolve(&GroupResource::core(plural))?;
        Some(found.singular())
    }
}

/// Resources from a list, in the order of discovery.
///
/// ```
/// use concertina_mapping::{ResourceTable, Resources};
///
/// let table = ResourceTable::builtin();
/// let found = table.resolve(&"deployment.app".parse().unwrap()).unwrap();
/// assert_eq!(found.api_version(), "apps/v1");
/// assert_eq!(found.plural, "deployments");
/// assert!(table.resolve(&"po".parse().unwrap()).is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResourceTable(Vec<Arc<ApiResource>>);

/// The groups of Kubernetes itself: what they do not have is misspelt.
pub(crate) const OWN_GROUPS: [&str; 7] = [
    "",
    "apps",
    "batch",
    "autoscaling",
    "networking.k8s.io",
    "policy",
    "storage.k8s.io",
];

const BUILTIN: &[(&str, &str, &str, &str, bool)] = &[
    ("", "v1", "configmaps", "ConfigMap", true),
    ("", "v1", "endpoints", "Endpoints", true),
    ("", "v1", "events", "Event", true),
    ("", "v1", "namespaces", "Namespace", false),
    ("", "v1", "nodes", "Node", false),
    (
        "",
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        true,
    ),
    ("", "v1", "persistentvolumes", "PersistentVolume", false),
    ("", "v1", "pods", "Pod", true),
    (
        "",
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        true,
    ),
    ("", "v1", "resourcequotas", "ResourceQuota", true),
    ("", "v1", "secrets", "Secret", true),
    ("", "v1", "serviceaccounts", "ServiceAccount", true),
    ("", "v1", "services", "Service", true),
    ("apps", "v1", "daemonsets", "DaemonSet", true),
    ("apps", "v1", "deployments", "Deployment", true),
    ("apps", "v1", "replicasets", "ReplicaSet", true),
    ("apps", "v1", "statefulsets", "StatefulSet", true),
    (
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        true,
    ),
    ("batch", "v1", "cronjobs", "CronJob", true),
    ("batch", "v1", "jobs", "Job", true),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true),
    (
        "networking.k8s.io",
        "v1",
        "networkpolicies",
        "NetworkPolicy",
        true,
    ),
    (
        "policy",
        "v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        true,
    ),
    (
        "storage.k8s.io",
        "v1",
        "storageclasses",
        "StorageClass",
        false,
    ),
];

impl ResourceTable {
    /// A table of these, the first that fits counts.
    #[must_use]
    pub fn new(resources: impl IntoIterator<Item = ApiResource>) -> Self {
        Self(resources.into_iter().map(Arc::new).collect())
    }

    /// The resources, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &ApiResource> {
        self.0.iter().map(|resource| &**resource)
    }

    /// The common kinds of every cluster, for use without one.
    #[must_use]
    pub fn builtin() -> Self {
        Self::new(
            BUILTIN
                .iter()
                .map(|&(group, version, plural, kind, namespaced)| ApiResource {
                    group: group.to_owned(),
                    version: version.to_owned(),
                    plural: plural.to_owned(),
                    singular: kind.to_lowercase(),
                    kind: kind.to_owned(),
                    namespaced,
                }),
        )
    }

    /// The table with the resources of custom groups that the rules of `file` name, which are
    /// taken for there: in namespaces, and under the name that is written.
    #[must_use]
    pub fn with_custom_groups(mut self, file: &RuleFile) -> Self {
        let rules = file.rules.iter().chain(&file.external_rules);
        let mappings = rules.map(|rule| &rule.resources);
        let usage = file.resource_rules.iter();
        let mappings =
            mappings.chain(usage.flat_map(|rules| [&rules.cpu.resources, &rules.memory.resources]));
        for (_, named) in mappings.flat_map(|mapping| &mapping.overrides) {
            if OWN_GROUPS.contains(&named.group.as_str()) || self.resolve(named).is_some() {
                continue;
            }
            self.0.push(Arc::new(ApiResource {
                group: named.group.clone(),
                version: String::new(),
                plural: named.resource.to_lowercase(),
                singular: named.resource.to_lowercase(),
                kind: named.resource.clone(),
                namespaced: true,
            }));
        }
        self
    }
}

/// Whether `lower` is `text` in lower case.
fn is_lowercase_of(lower: &str, text: &str) -> bool {
    lower.len() == text.len() && lower.chars().eq(text.chars().flat_map(char::to_lowercase))
        || !text.is_ascii() && text.to_lowercase() == lower
}

impl Resources for ResourceTable {
    fn resolve(&self, partial: &GroupResource) -> Option<Arc<ApiResource>> {
        if partial.resource.is_empty() {
            return None;
        }
        let wanted = match partial
            .resource
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
        {
            true => Cow::Borrowed(&partial.resource),
            false => Cow::Owned(partial.resource.to_lowercase()),
        };
        let wanted: &str = &wanted;
        let named = || {
            self.0.iter().filter(|known| {
                known.plural == wanted
                    || known.singular == wanted
                    || is_lowercase_of(wanted, &known.kind)
            })
        };
        let exact = || named().find(|known| known.group == partial.group);
        let begins = || named().find(|known| known.group.starts_with(&partial.group));
        // An empty group begins every group: the first in order.
        let found = if partial.group.is_empty() {
            begins()
        } else {
            exact().or_else(begins)
        };
        found.cloned()
    }
}
