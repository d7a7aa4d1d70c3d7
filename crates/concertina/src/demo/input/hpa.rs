//! The autoscaler's manifest.

use concertina_autoscaler::manifest::{self, ManifestError};
use concertina_model::yaml;
use concertina_replicas::Policy;
use concertina_replicas::api;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use super::{File, Place, place};
use crate::demo::DemoError;

/// What the demo can follow.
const NEEDED: &str =
    "the demo follows a HorizontalPodAutoscaler of autoscaling/v2, v2beta2 or v2beta1";

/// The autoscaler, and the text it stands in.
#[derive(Debug)]
pub(super) struct Hpa {
    pub(super) file: File,
    pub(super) policy: Policy,
}

pub(super) fn read(file: File) -> Result<Hpa, DemoError> {
    match manifest::parse(&file.text) {
        Ok(policy) => Ok(Hpa { file, policy }),
        Err(error) => Err(refused(&file, &error)),
    }
}

impl Hpa {
    /// A mistake at the name of a metric of pods, in the user's manifest.
    pub(super) fn bad_metric(&self, metric: usize, message: String) -> DemoError {
        let at = Places::of(&self.file).name(metric);
        self.file.bad_at(at, message)
    }
}

fn refused(file: &File, error: &ManifestError) -> DemoError {
    let places = Places::of(file);
    match error {
        ManifestError::Unreadable { .. } => {
            let other = places.other_type();
            let why = match other {
                Some((kind, _)) => format!("metrics of type {kind} cannot be read by it"),
                None => "without `metrics` an autoscaler goes by the use of CPU".to_owned(),
            };
            let message = format!("{why}: {NEEDED} whose `metrics` are all of type Pods");
            let at = other.map_or_else(|| places.version_or_spec(), |(_, at)| at);
            file.bad_at(at, message)
        }
        ManifestError::Manifest(api::ManifestError::NotAnAutoscaler { found }) => {
            let message = format!("it is {found}, and {NEEDED}");
            file.bad_at(places.wrong_header(), message)
        }
        error => file.bad(error),
    }
}

/// Where a manifest says what it is, and where its metrics stand, in any version of the API.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Places {
    api_version: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    #[serde(default)]
    spec: Option<Spanned<SpecPlaces>>,
}

#[derive(Default, Deserialize)]
struct SpecPlaces {
    #[serde(default)]
    metrics: Option<Vec<MetricPlaces>>,
}

#[derive(Deserialize)]
struct MetricPlaces {
    #[serde(rename = "type")]
    kind: Option<Spanned<String>>,
    pods: Option<PodsPlaces>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodsPlaces {
    metric: Option<NamePlace>,
    /// In v2beta1.
    metric_name: Option<Spanned<IgnoredAny>>,
}

#[derive(Deserialize)]
struct NamePlace {
    name: Option<Spanned<IgnoredAny>>,
}

impl Places {
    fn of(file: &File) -> Self {
        yaml::read(&file.text).unwrap_or_default()
    }

    fn metrics(&self) -> &[MetricPlaces] {
        let spec = self.spec.as_ref();
        spec.and_then(|spec| spec.value.metrics.as_deref())
            .unwrap_or_default()
    }

    /// The name of a metric of pods.
    fn name(&self, metric: usize) -> Place {
        let pods = self.metrics().get(metric)?.pods.as_ref()?;
        let name = pods.metric.as_ref().and_then(|metric| metric.name.as_ref());
        place(name.or(pods.metric_name.as_ref()))
    }

    /// The first type that is not `Pods`.
    fn other_type(&self) -> Option<(&str, Place)> {
        let mut kinds = self.metrics().iter().filter_map(|m| m.kind.as_ref());
        let kind = kinds.find(|kind| kind.value != "Pods")?;
        Some((&kind.value, place(Some(kind))))
    }

    /// The version that knows no other metrics than CPU, or the spec that has none.
    fn version_or_spec(&self) -> Place {
        let old = |version: &&Spanned<String>| version.value == "autoscaling/v1";
        match self.api_version.as_ref().filter(old) {
            Some(version) => place(Some(version)),
            None => place(self.spec.as_ref()),
        }
    }

    /// What says that it is something else.
    fn wrong_header(&self) -> Place {
        let hpa = |kind: &Spanned<String>| kind.value == api::HorizontalPodAutoscaler::KIND;
        match (&self.kind, &self.api_version) {
            (Some(kind), version) if hpa(kind) => {
                place(version.as_ref()).or_else(|| place(Some(kind)))
            }
            (kind, version) => place(kind.as_ref()).or_else(|| place(version.as_ref())),
        }
    }
}
