//! Conversions from and to the types of `k8s-openapi`, which have the same JSON. A field that the
//! version chosen there does not know is left out.

use ::k8s_openapi::api::autoscaling::v2 as k8s;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus};

/// A value of one of the two that the other cannot hold, such as a quantity that is none.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be converted: {0}")]
pub struct ConversionError(#[from] serde_json::Error);

fn convert<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, ConversionError> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

/// Both ways, by value's reference: nothing is consumed.
macro_rules! both_ways {
    ($ours:ident) => {
        impl TryFrom<&k8s::$ours> for $ours {
            type Error = ConversionError;

            fn try_from(theirs: &k8s::$ours) -> Result<Self, ConversionError> {
                convert(theirs)
            }
        }

        impl TryFrom<&$ours> for k8s::$ours {
            type Error = ConversionError;

            fn try_from(ours: &$ours) -> Result<Self, ConversionError> {
                convert(ours)
            }
        }
    };
}

both_ways!(HorizontalPodAutoscalerSpec);
both_ways!(HorizontalPodAutoscalerStatus);
