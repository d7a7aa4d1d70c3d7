//! Manifests as people keep them: YAML or JSON, in any version of the API, converted as the API
//! server converts them.

mod annotations;
mod locate;
mod v1;
mod v2;
mod v2beta1;
mod version;
mod yaml;

use serde::Deserialize;

use super::{HorizontalPodAutoscaler, PolicyError, Safety, ValidationOptions};

pub use locate::Located;
pub use version::{ApiVersion, Hint};

/// A manifest as large as this is a mistake; etcd holds no object beyond 1.5 MiB.
const MAX_BYTES: usize = 2 << 20;

/// The annotation that holds a [`Safety`], in YAML or JSON.
pub const SAFETY_ANNOTATION: &str = "concertina/safety";

/// A manifest that was read: nothing in it that the API server would refuse.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The version it is written in.
    pub version: ApiVersion,
    /// What it says, with defaults filled in.
    pub object: HorizontalPodAutoscaler,
    /// What its annotation [`SAFETY_ANNOTATION`] asks for beyond Kubernetes.
    pub safety: Safety,
    /// What is worth knowing of it.
    pub hints: Vec<Hint>,
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is neither YAML nor JSON, or not of the shape that its apiVersion has.
    #[error("{}{}{message}", locate::place(*.line, *.column), prefix(.path))]
    Malformed {
        /// The line, from 1; 0 when no single place is to blame.
        line: u64,
        /// The column, from 1; 0 when no single place is to blame.
        column: u64,
        /// The field: `spec.metrics[0].pods`; empty at the top.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// It is too large.
    #[error("{bytes} bytes, and at most {MAX_BYTES} are read")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// It is a manifest of something else.
    #[error(
        "it is {found}, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, \
         v2beta2, v2beta1 or v1)"
    )]
    NotAnAutoscaler {
        /// What was found: `Deployment (apps/v1)`.
        found: String,
    },
    /// The API server would refuse it. Paths are those of `autoscaling/v2`.
    #[error("{}", join(.errors))]
    Refused {
        /// Everything that is wrong, and where.
        errors: Vec<Located>,
    },
}

fn prefix(path: &str) -> String {
    match path {
        "" => String::new(),
        path => format!("{path}: "),
    }
}

fn join(errors: &[Located]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// What tells manifests apart. Everything else is skipped.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Headers {
    api_version: String,
    kind: String,
}

/// Reads one HorizontalPodAutoscaler of `autoscaling/v2`, `v2beta2`, `v2beta1` or `v1`, fills in
/// defaults and validates it, as the API server does (Kubernetes 1.36; for the versions that it
/// serves no more, as the last one that did). Unlike it, unknown and repeated fields are refused.
///
/// # Errors
///
/// [`ManifestError`] with line and column and the path of the field.
///
/// ```
/// use concertina_replicas::api::{ValidationOptions, read};
///
/// let manifest = read(r#"
/// apiVersion: autoscaling/v2beta1
/// kind: HorizontalPodAutoscaler
/// metadata: {name: gpu-hpa}
/// spec:
///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: bert-intent-detection}
///   maxReplicas: 10
///   metrics:
///   - type: Pods
///     pods: {metricName: DCGM_CUSTOM_PROCESS_SM_UTIL, targetAverageValue: 20}
/// "#, ValidationOptions::default()).unwrap();
/// assert_eq!(manifest.object.spec.min_replicas, Some(1));
/// assert_eq!(manifest.hints[0].to_string(),
///     "apiVersion: autoscaling/v2beta1 is taken by no cluster since Kubernetes 1.25; \
///      write autoscaling/v2");
/// ```
pub fn read(text: &str, options: ValidationOptions) -> Result<Manifest, ManifestError> {
    if text.len() > MAX_BYTES {
        return Err(ManifestError::TooLarge { bytes: text.len() });
    }
    let headers: Headers = yaml::read(text)?;
    let version = version_of(&headers)?;
    let mut hints = Vec::new();
    if let Some(since) = version.removed() {
        hints.push(Hint::Removed { version, since });
    }
    let refused = |errors: Vec<PolicyError>| ManifestError::Refused {
        errors: locate::all(text, errors),
    };
    let mut object = match version {
        ApiVersion::V1 => yaml::read::<v1::V1>(text)?.into_current(&mut hints),
        ApiVersion::V2beta1 => yaml::read::<v2beta1::V2beta1>(text)?.into_current(&mut hints),
        ApiVersion::V2beta2 => {
            let old = yaml::read::<v2::V2>(text)?;
            old.into_current_of_v2beta2()
                .map_err(|error| refused(vec![error]))?
        }
        ApiVersion::V2 => yaml::read::<v2::V2>(text)?.into_current(),
    };
    object.spec.set_defaults();
    let mut errors = object.validate(options);
    let safety = match safety(&object) {
        Ok(safety) => {
            errors.extend(safety.validate(&object.spec));
            safety
        }
        Err(error) => {
            errors.push(error);
            Safety::default()
        }
    };
    if !errors.is_empty() {
        return Err(refused(errors));
    }
    Ok(Manifest {
        version,
        object,
        safety,
        hints,
    })
}

/// Reads every HorizontalPodAutoscaler of a text of several YAML documents, such as a file for
/// `kubectl apply`; documents of other kinds, and empty ones, are passed over. Lines are counted
/// from the beginning of the text.
///
/// ```
/// use concertina_replicas::api::{ValidationOptions, read_all};
///
/// let text = "
/// kind: Service
/// ---
/// apiVersion: autoscaling/v2
/// kind: HorizontalPodAutoscaler
/// metadata: {name: web}
/// spec: {maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment}}
/// ";
/// let errors: Vec<_> = read_all(text, ValidationOptions::default())
///     .into_iter()
///     .filter_map(Result::err)
///     .collect();
/// assert_eq!(errors[0].to_string(),
///     "line 7, column 40: spec.scaleTargetRef.name: is required");
/// ```
#[must_use]
pub fn read_all(text: &str, options: ValidationOptions) -> Vec<Result<Manifest, ManifestError>> {
    let documents = yaml::documents(text);
    let read = documents.iter().map(|document| read(document, options));
    let others = |read: &Result<Manifest, ManifestError>| {
        !matches!(read, Err(ManifestError::NotAnAutoscaler { .. }))
    };
    read.filter(others).collect()
}

fn version_of(headers: &Headers) -> Result<ApiVersion, ManifestError> {
    let (kind, version) = (headers.kind.as_str(), headers.api_version.as_str());
    if kind == HorizontalPodAutoscaler::KIND
        && let Some(version) = ApiVersion::named(version)
    {
        return Ok(version);
    }
    let found = match (kind, version) {
        ("", _) => "something without a kind".to_owned(),
        (kind, "") => format!("{kind} without an apiVersion"),
        (kind, version) => format!("{kind} ({version})"),
    };
    Err(ManifestError::NotAnAutoscaler { found })
}

fn safety(object: &HorizontalPodAutoscaler) -> Result<Safety, PolicyError> {
    let Some(text) = object.metadata.annotations.get(SAFETY_ANNOTATION) else {
        return Ok(Safety::default());
    };
    yaml::read(text)
        .map_err(|error| PolicyError::new(annotations::path(SAFETY_ANNOTATION), error.to_string()))
}
