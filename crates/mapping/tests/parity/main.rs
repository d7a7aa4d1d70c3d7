//! Recorded behaviour of prometheus-adapter 0.12.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod custom;
mod external;
mod input;
mod usage;

const FAMILIES: &[&str] = &[
    "rules",
    "rules_regex_dialect",
    "external",
    "external_regex_dialect",
    "resource",
];
