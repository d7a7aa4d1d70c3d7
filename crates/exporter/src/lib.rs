//! GPU readings attributed to pods, in the Prometheus text format.
