//! prometheus-adapter rule files: strict YAML, name patterns, query templates.
