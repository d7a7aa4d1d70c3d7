//! `autoscaling/v2`, and `v2beta2`, which differs from it in one field.

use serde::Deserialize;

use super::ApiVersion;
use super::annotations::{self, TOLERANCE_DOWN, TOLERANCE_UP};
use crate::api::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus, HpaScalingRules, ObjectMeta, PolicyError,
};

/// The object as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct V2 {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: HorizontalPodAutoscalerSpec,
    #[serde(default)]
    status: Option<HorizontalPodAutoscalerStatus>,
}

impl V2 {
    pub(super) fn into_current(self) -> HorizontalPodAutoscaler {
        let mut metadata = self.metadata;
        annotations::drop_from(&mut metadata);
        HorizontalPodAutoscaler {
            metadata,
            spec: self.spec,
            status: self.status,
        }
    }

    /// From `v2beta2`, which has no field for the tolerance: an annotation for each direction
    /// carries it.
    pub(super) fn into_current_of_v2beta2(
        mut self,
    ) -> Result<HorizontalPodAutoscaler, PolicyError> {
        if let Some(behavior) = &self.spec.behavior {
            for (name, rules) in [
                ("scaleUp", &behavior.scale_up),
                ("scaleDown", &behavior.scale_down),
            ] {
                if rules
                    .as_ref()
                    .is_some_and(|rules| rules.tolerance.is_some())
                {
                    let path = format!("spec.behavior.{name}.tolerance");
                    let problem = format!(
                        "{} has no such field; write {}",
                        ApiVersion::V2beta2,
                        ApiVersion::V2
                    );
                    return Err(PolicyError::new(path, problem));
                }
            }
        }
        for (name, rules) in [
            (TOLERANCE_DOWN, down as fn(&mut _) -> &mut _),
            (TOLERANCE_UP, up),
        ] {
            let Some(text) = self.metadata.annotations.get(name) else {
                continue;
            };
            let tolerance = text.parse();
            let tolerance = tolerance.map_err(|error: concertina_model::ParseQuantityError| {
                PolicyError::new(annotations::path(name), error.to_string())
            })?;
            let behavior = self.spec.behavior.get_or_insert_default();
            rules(behavior).get_or_insert_default().tolerance = Some(tolerance);
        }
        Ok(self.into_current())
    }
}

fn up(behavior: &mut HorizontalPodAutoscalerBehavior) -> &mut Option<HpaScalingRules> {
    &mut behavior.scale_up
}

fn down(behavior: &mut HorizontalPodAutoscalerBehavior) -> &mut Option<HpaScalingRules> {
    &mut behavior.scale_down
}
