//! Prometheus series as metrics of Kubernetes objects: catalogue, queries, values.
