//! Which kinds the API has.

/// A kind of objects: the row of a table that the whole API is driven by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version: `v1`.
    pub version: String,
    /// The plural: `pods`.
    pub plural: String,
    /// The singular: `pod`.
    pub singular: String,
    /// The kind: `Pod`.
    pub kind: String,
    /// Names for people who type: `po`.
    pub short_names: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it has the subresource `status`: then only that changes an object's status.
    pub status: bool,
    /// Whether it has the subresource `scale`, over `spec.replicas`, `status.replicas` and
    /// `spec.selector`.
    pub scale: bool,
}

impl Kind {
    /// A kind without subresources and short names. The singular is the kind in lower case.
    ///
    /// ```
    /// use concertina_sandbox::Kind;
    ///
    /// let kind = Kind::new("example.org", "v1", "widgets", "Widget", true);
    /// assert_eq!(kind.api_version(), "example.org/v1");
    /// assert_eq!(kind.singular, "widget");
    /// ```
    #[must_use]
    pub fn new(group: &str, version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            kind: kind.to_owned(),
            short_names: Vec::new(),
            namespaced,
            status: false,
            scale: false,
        }
    }

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// `pods`, `deployments.apps`: as messages name it.
    #[must_use]
    pub fn resource(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// The kinds that a demo of autoscaling needs: the core group's common ones, workloads with
    /// their scale, horizontal pod autoscalers, leases, API services, and custom resource
    /// definitions.
    #[must_use]
    pub fn builtin() -> Vec<Self> {
        const STATUS: u8 = 1;
        const SCALE: u8 = 2;
        const NAMESPACED: u8 = 4;
        const TABLE: &[(&str, &str, &str, &str, &str, u8)] = &[
            ("", "v1", "namespaces", "Namespace", "ns", STATUS),
            ("", "v1", "nodes", "Node", "no", STATUS),
            ("", "v1", "pods", "Pod", "po", STATUS | NAMESPACED),
            ("", "v1", "services", "Service", "svc", STATUS | NAMESPACED),
            ("", "v1", "endpoints", "Endpoints", "ep", NAMESPACED),
            ("", "v1", "configmaps", "ConfigMap", "cm", NAMESPACED),
            ("", "v1", "secrets", "Secret", "", NAMESPACED),
            (
                "",
                "v1",
                "serviceaccounts",
                "ServiceAccount",
                "sa",
                NAMESPACED,
            ),
            ("", "v1", "events", "Event", "ev", NAMESPACED),
            (
                "",
                "v1",
                "replicationcontrollers",
                "ReplicationController",
                "rc",
                STATUS | SCALE | NAMESPACED,
            ),
            (
                "",
                "v1",
                "persistentvolumeclaims",
                "PersistentVolumeClaim",
                "pvc",
                STATUS | NAMESPACED,
            ),
            (
                "",
                "v1",
                "persistentvolumes",
                "PersistentVolume",
                "pv",
                STATUS,
            ),
            (
                "apps",
                "v1",
                "deployments",
                "Deployment",
                "deploy",
                STATUS | SCALE | NAMESPACED,
            ),
            (
                "apps",
                "v1",
                "replicasets",
                "ReplicaSet",
                "rs",
                STATUS | SCALE | NAMESPACED,
            ),
            (
                "apps",
                "v1",
                "statefulsets",
                "StatefulSet",
                "sts",
                STATUS | SCALE | NAMESPACED,
            ),
            (
                "apps",
                "v1",
                "daemonsets",
                "DaemonSet",
                "ds",
                STATUS | NAMESPACED,
            ),
            ("batch", "v1", "jobs", "Job", "", STATUS | NAMESPACED),
            (
                "autoscaling",
                "v2",
                "horizontalpodautoscalers",
                "HorizontalPodAutoscaler",
                "hpa",
                STATUS | NAMESPACED,
            ),
            (
                "coordination.k8s.io",
                "v1",
                "leases",
                "Lease",
                "",
                NAMESPACED,
            ),
            (
                "discovery.k8s.io",
                "v1",
                "endpointslices",
                "EndpointSlice",
                "",
                NAMESPACED,
            ),
            ("events.k8s.io", "v1", "events", "Event", "", NAMESPACED),
            (
                "networking.k8s.io",
                "v1",
                "ingresses",
                "Ingress",
                "ing",
                STATUS | NAMESPACED,
            ),
            (
                "apiregistration.k8s.io",
                "v1",
                "apiservices",
                "APIService",
                "",
                STATUS,
            ),
            (
                "apiextensions.k8s.io",
                "v1",
                "customresourcedefinitions",
                "CustomResourceDefinition",
                "crd",
                STATUS,
            ),
        ];
        let row = |&(group, version, plural, kind, short, has): &(_, _, _, _, &str, u8)| Self {
            short_names: short.split_whitespace().map(str::to_owned).collect(),
            status: has & STATUS != 0,
            scale: has & SCALE != 0,
            ..Self::new(group, version, plural, kind, has & NAMESPACED != 0)
        };
        TABLE.iter().map(row).collect()
    }
}
