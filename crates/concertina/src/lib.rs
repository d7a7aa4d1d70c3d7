//! GPU autoscaling for Kubernetes: custom metrics and scaling in one binary.
