//! Why a metric gives no count.

/// Why a metric gives no replica count. The texts are upstream's, but for what it prints with
/// swapped arguments or as Go structures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalculationError {
    /// The selector matches no pod.
    #[error("no pods returned by selector while calculating replica count")]
    NoPods,
    /// The pods could not be listed.
    #[error("unable to get pods while calculating replica count: {0}")]
    PodsUnknown(String),
    /// No pod that counts has a sample.
    #[error("did not receive metrics for targeted pods (pods might be unready)")]
    NoSamples,
    /// The pods that have samples request nothing.
    #[error("no metrics returned matched known pods")]
    NothingRequested,
    /// A container says not how much it requests.
    #[error("missing request for {resource} in container {container} of Pod {pod}")]
    MissingRequest {
        /// The resource.
        resource: String,
        /// The container.
        container: String,
        /// The pod.
        pod: String,
    },
    /// A pod with requests of its own has none of this resource, nor have its containers.
    #[error("missing pod-level request for {resource} in Pod {pod}")]
    MissingPodRequest {
        /// The resource.
        resource: String,
        /// The pod.
        pod: String,
    },
    /// A pod lacks the container of the metric.
    #[error("container {container} not found in Pod {pod}")]
    NoContainer {
        /// The container.
        container: String,
        /// The pod.
        pod: String,
    },
    /// An Object metric that a count of ready pods is needed for, which there is not.
    #[error("unable to calculate ready pods: {0}")]
    ReadyPods(Box<CalculationError>),
    /// Value and target are both 0. (The API server refuses such a target.)
    #[error("value and target are both 0, which is no ratio; give a positive target")]
    ZeroTarget,
}
