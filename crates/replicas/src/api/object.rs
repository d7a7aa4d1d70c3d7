//! The whole object: metadata, spec and status.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{
    HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus, ObjectMeta, PolicyError,
    ValidationOptions,
};

/// A HorizontalPodAutoscaler, whichever version it came in. It is written as `autoscaling/v2`.
///
/// ```
/// use concertina_replicas::api::{ValidationOptions, read};
///
/// let manifest = read(r#"
/// apiVersion: autoscaling/v1
/// kind: HorizontalPodAutoscaler
/// metadata: {name: web}
/// spec:
///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
///   maxReplicas: 4
///   targetCPUUtilizationPercentage: 60
/// "#, ValidationOptions::default()).unwrap();
/// assert_eq!(serde_json::to_value(&manifest.object).unwrap(), serde_json::json!({
///     "apiVersion": "autoscaling/v2",
///     "kind": "HorizontalPodAutoscaler",
///     "metadata": {"name": "web"},
///     "spec": {
///         "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
///         "minReplicas": 1,
///         "maxReplicas": 4,
///         "metrics": [{"type": "Resource", "resource":
///             {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}],
///     },
/// }));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HorizontalPodAutoscaler {
    /// Its name, and what else is known of it. Annotations by which old versions carry fields of
    /// newer ones are not in it; the fields are.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: HorizontalPodAutoscalerSpec,
    /// What was last reported.
    pub status: Option<HorizontalPodAutoscalerStatus>,
}

impl HorizontalPodAutoscaler {
    /// The version it is written in.
    pub const API_VERSION: &'static str = "autoscaling/v2";
    /// Its kind.
    pub const KIND: &'static str = "HorizontalPodAutoscaler";

    /// Its namespace; `default` when it names none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self.metadata.namespace.as_str() {
            "" => "default",
            namespace => namespace,
        }
    }

    /// Everything that the API server would refuse: names, then the spec, which is expected with
    /// its defaults filled in.
    #[must_use]
    pub fn validate(&self, options: ValidationOptions) -> Vec<PolicyError> {
        let mut found = self.metadata.validate();
        found.extend(self.spec.validate(options));
        found
    }
}

impl Serialize for HorizontalPodAutoscaler {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = if self.status.is_some() { 5 } else { 4 };
        let mut object = serializer.serialize_struct(Self::KIND, fields)?;
        object.serialize_field("apiVersion", Self::API_VERSION)?;
        object.serialize_field("kind", Self::KIND)?;
        object.serialize_field("metadata", &self.metadata)?;
        object.serialize_field("spec", &self.spec)?;
        match &self.status {
            Some(status) => object.serialize_field("status", status)?,
            None => object.skip_field("status")?,
        }
        object.end()
    }
}
