//! Which kinds the API has.

mod table;

use std::sync::Arc;

use serde_json::Value;

pub(crate) use table::Table;

/// A kind of objects: the row of a table that the whole API is driven by.
#[derive(Clone, Debug, PartialEq)]
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
    /// Groups of kinds for people who type: `all`.
    pub categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it has the subresource `status`: then only that changes an object's status.
    pub status: bool,
    /// The subresource `scale`, if it has one.
    pub scale: Option<ScalePaths>,
    /// Whether an update must say which resourceVersion it is of.
    pub conditional: bool,
    /// Whether an update creates what is not there.
    pub create_on_update: bool,
    /// The API version, of the same kind, in which the objects are kept, when it is not this one.
    pub kept_as: Option<String>,
    /// What a CustomResourceDefinition says of it; none for a built-in kind.
    pub custom: Option<Arc<Custom>>,
}

/// Where the subresource `scale` finds its parts: JSON pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// The replicas that are wanted: `/spec/replicas`.
    pub replicas: String,
    /// The replicas that there are: `/status/replicas`.
    pub current: String,
    /// The selector of their pods: an object as in `/spec/selector`, or a text.
    pub selector: Option<String>,
}

impl Default for ScalePaths {
    /// As the built-in workloads have it.
    fn default() -> Self {
        Self {
            replicas: "/spec/replicas".to_owned(),
            current: "/status/replicas".to_owned(),
            selector: Some("/spec/selector".to_owned()),
        }
    }
}

/// What a CustomResourceDefinition says of one version of its kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Custom {
    /// `openAPIV3Schema`; null for none.
    pub schema: Value,
    /// `additionalPrinterColumns`.
    pub columns: Vec<Value>,
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
            categories: Vec::new(),
            namespaced,
            status: false,
            scale: None,
            conditional: false,
            create_on_update: false,
            kept_as: None,
            custom: None,
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

    /// The kinds that autoscaling and its manifests need: the core group's common ones, workloads
    /// with their scale, horizontal pod autoscalers in both versions, disruption budgets, leases,
    /// RBAC, API services, custom resource definitions, and the Prometheus operator's monitors.
    #[must_use]
    pub fn builtin() -> Vec<Self> {
        let rows = include_str!("builtin.txt").lines();
        let rows = rows.filter(|row| !row.starts_with('#'));
        rows.filter_map(Self::row).collect()
    }

    fn row(row: &str) -> Option<Self> {
        let mut words = row.split_whitespace();
        let mut word = || words.next().map(|word| if word == "-" { "" } else { word });
        let (group, version, plural, kind) = (word()?, word()?, word()?, word()?);
        let short_names = word()?;
        let mut kind = Self::new(group, version, plural, kind, false);
        let short_names = short_names.split(',').filter(|name| !name.is_empty());
        kind.short_names = short_names.map(str::to_owned).collect();
        for word in words {
            match word {
                "namespaced" => kind.namespaced = true,
                "status" => kind.status = true,
                "scale" => kind.scale = Some(ScalePaths::default()),
                "all" => kind.categories.push("all".to_owned()),
                "put" => kind.create_on_update = true,
                "strict" => kind.conditional = true,
                _ => kind.kept_as = word.strip_prefix("as=").map(str::to_owned),
            }
        }
        Some(kind)
    }
}
