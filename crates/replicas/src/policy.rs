//! What is followed.

use std::borrow::Cow;

use concertina_model::ObjectRef;

use crate::api::{HorizontalPodAutoscalerSpec, MetricSpec, Safety, default_metric};

/// A HorizontalPodAutoscaler as decisions look at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Its namespace, which is its target's, too.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its spec, with defaults filled in ([`HorizontalPodAutoscalerSpec::set_defaults`]).
    pub spec: HorizontalPodAutoscalerSpec,
    /// What it asks for beyond Kubernetes; by default nothing.
    pub safety: Safety,
}

impl Policy {
    /// The metrics of the spec; CPU at 80 % when it has none, as after defaulting.
    pub(crate) fn metrics(&self) -> Cow<'_, [MetricSpec]> {
        match self.spec.metrics.as_slice() {
            [] => Cow::Owned(vec![default_metric()]),
            metrics => Cow::Borrowed(metrics),
        }
    }

    /// What is scaled, with its namespace.
    #[must_use]
    pub fn scale_target(&self) -> ObjectRef {
        let target = &self.spec.scale_target_ref;
        ObjectRef {
            api_version: target.api_version.clone(),
            kind: target.kind.clone(),
            namespace: self.namespace.clone(),
            name: target.name.clone(),
        }
    }

    /// The target as messages name it: `KIND/NAMESPACE/NAME`.
    #[must_use]
    pub fn target(&self) -> String {
        let target = &self.spec.scale_target_ref;
        format!("{}/{}/{}", target.kind, self.namespace, target.name)
    }
}

#[cfg(feature = "manifest")]
impl From<crate::api::Manifest> for Policy {
    /// What a manifest asks for; an object without a namespace is in `default`.
    fn from(manifest: crate::api::Manifest) -> Self {
        Self {
            namespace: manifest.object.namespace().to_owned(),
            name: manifest.object.metadata.name,
            spec: manifest.object.spec,
            safety: manifest.safety,
        }
    }
}
