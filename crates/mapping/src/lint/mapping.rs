//! `resources`: which labels name what.

use std::sync::Arc;

use concertina_model::GroupResource;
use concertina_rules::LabelTemplate;
use concertina_rules::config::ResourceMapping;

use super::{Finding, FindingKind};
use crate::resources::OWN_GROUPS;
use crate::{ApiResource, Resources};

/// Labels that Prometheus and its operator put on series by themselves.
const EVERYDAY: [&str; 5] = ["job", "service", "endpoint", "instance", "container"];

/// Label, resource as written, and the resource when it is known.
type Override = (String, GroupResource, Option<Arc<ApiResource>>);

/// A rule's mapping as far as it is known without the cluster.
#[derive(Debug)]
pub(super) struct Mapping {
    overrides: Vec<Override>,
    template: Option<LabelTemplate>,
}

impl Mapping {
    pub(super) fn new(written: &ResourceMapping, known: &dyn Resources) -> Self {
        let overrides = written
            .overrides
            .iter()
            .map(|(label, resource)| (label.clone(), resource.clone(), known.resolve(resource)));
        Self {
            overrides: overrides.collect(),
            template: LabelTemplate::parse(&written.template).ok(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.overrides.is_empty() && self.template.is_none()
    }

    /// Whether both can name one resource: a template names any.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let same =
            |(_, written, resource): &Override, theirs: &Override| match (resource, &theirs.2) {
                (Some(resource), Some(other)) => resource == other,
                (None, None) => *written == theirs.1,
                _ => false,
            };
        self.template.is_some()
            || other.template.is_some()
            || self
                .overrides
                .iter()
                .any(|own| other.overrides.iter().any(|theirs| same(own, theirs)))
    }

    /// The label of a resource of the core group, given by plural and singular.
    pub(super) fn core_label(&self, plural: &str, singular: &str) -> Option<String> {
        let is = |resource: &ApiResource| resource.group.is_empty() && resource.plural == plural;
        let label = self.overrides.iter().find_map(|(label, _, resource)| {
            resource.as_deref().is_some_and(is).then(|| label.clone())
        });
        label.or_else(|| Some(self.template.as_ref()?.label("", singular)))
    }

    pub(super) fn namespace(&self) -> Option<String> {
        self.core_label("namespaces", "namespace")
    }

    /// The resources that can be asked for, each with its label: those of the overrides, and pods
    /// when a template names everything. Of a resource that is not known only the name is right.
    pub(super) fn objects(&self, known: &dyn Resources) -> Vec<(Arc<ApiResource>, String)> {
        let mut objects: Vec<(Arc<ApiResource>, String)> = Vec::new();
        for (label, written, resource) in &self.overrides {
            let custom = || Arc::new(of_a_custom_group(written));
            let resource = &resource.clone().unwrap_or_else(custom);
            if !objects.iter().any(|(other, _)| other == resource) {
                objects.push((Arc::clone(resource), label.clone()));
            }
        }
        if let (Some(template), Some(pods)) =
            (&self.template, known.resolve(&GroupResource::core("pods")))
            && !objects.iter().any(|(other, _)| *other == pods)
        {
            objects.push((pods, template.label("", "pod")));
        }
        objects
    }

    /// The labels that the overrides name.
    pub(super) fn override_labels(&self) -> impl Iterator<Item = &str> {
        self.overrides.iter().map(|(label, _, _)| label.as_str())
    }

    /// The resource that a label of a series names.
    pub(super) fn resource_of(
        &self,
        label: &str,
        known: &dyn Resources,
    ) -> Option<Arc<ApiResource>> {
        if let Some((_, _, resource)) = self.overrides.iter().find(|(other, _, _)| other == label) {
            return resource.clone();
        }
        known.resolve(&self.template.as_ref()?.resource(label)?)
    }

    /// What is wrong with the mapping by itself.
    pub(super) fn findings(&self, known: &dyn Resources) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, (label, written, resource)) in self.overrides.iter().enumerate() {
            let Some(resource) = resource else {
                findings.extend(unknown(label, written, known));
                continue;
            };
            let earlier = self.overrides.iter().take(index);
            let first = earlier
                .filter(|(_, _, other)| other.as_ref() == Some(resource))
                .map(|(first, _, _)| first)
                .next();
            if let Some(first) = first {
                findings.push(Finding::new(
                    FindingKind::TwoLabels,
                    format!(
                        "`{first}` and `{label}` are both mapped to {}",
                        resource.group_resource()
                    ),
                ));
            }
            if label == "job" && resource.plural == "jobs" {
                findings.push(
                    Finding::new(
                        FindingKind::EverydayLabel,
                        "`job` is mapped to jobs.batch, and Prometheus puts the name of the scrape \
                     job on every series as `job`",
                    )
                    .help(
                        "Map the label that holds the Kubernetes Job, `job_name` for \
                     kube-state-metrics; keep this if the scrape has `honorLabels: true` and \
                     `job` is a Kubernetes Job.",
                    ),
                );
            }
        }
        findings.extend(self.everyday(known));
        findings
    }

    fn everyday(&self, known: &dyn Resources) -> Option<Finding> {
        let template = self.template.as_ref()?;
        let hits: Vec<String> = EVERYDAY
            .iter()
            .filter(|label| !self.override_labels().any(|own| own == **label))
            .filter_map(|label| {
                let resource = known.resolve(&template.resource(label)?)?;
                Some(format!("`{label}` for {}", resource.group_resource()))
            })
            .collect();
        (!hits.is_empty()).then(|| {
            Finding::new(
                FindingKind::EverydayLabel,
                format!(
                    "the template `{}` takes {}",
                    template.text(),
                    hits.join(", ")
                ),
            )
        })
    }
}

/// A resource of which only the name is known: it has no version.
fn of_a_custom_group(written: &GroupResource) -> ApiResource {
    ApiResource {
        group: written.group.clone(),
        version: String::new(),
        plural: written.resource.clone(),
        singular: written.resource.clone(),
        kind: written.resource.clone(),
        namespaced: false,
    }
}

/// A resource that is neither of Kubernetes nor of a custom group.
fn unknown(label: &str, written: &GroupResource, known: &dyn Resources) -> Option<Finding> {
    if !OWN_GROUPS.contains(&written.group.as_str()) {
        return None;
    }
    let finding = Finding::new(
        FindingKind::UnknownResource,
        format!("`{label}` is mapped to `{written}`, which Kubernetes does not have"),
    );
    let anywhere = known.resolve(&GroupResource::core(written.resource.as_str()));
    Some(match anywhere {
        Some(near) => finding.help(format!("Did you mean `{}`?", near.group_resource())),
        None => finding,
    })
}
