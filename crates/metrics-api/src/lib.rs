//! custom.metrics.k8s.io: wire types, client, and an embeddable server.
