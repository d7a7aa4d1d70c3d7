//! What is followed.

use crate::api::HorizontalPodAutoscalerSpec;

/// A HorizontalPodAutoscaler as decisions look at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Its namespace, which is its target's, too.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its spec, with defaults filled in ([`HorizontalPodAutoscalerSpec::set_defaults`]).
    pub spec: HorizontalPodAutoscalerSpec,
}

impl Policy {
    /// The target as messages name it: `KIND/NAMESPACE/NAME`.
    #[must_use]
    pub fn target(&self) -> String {
        let target = &self.spec.scale_target_ref;
        format!("{}/{}/{}", target.kind, self.namespace, target.name)
    }
}
