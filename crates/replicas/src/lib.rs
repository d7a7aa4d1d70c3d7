//! The Kubernetes HorizontalPodAutoscaler algorithm as a pure function.
