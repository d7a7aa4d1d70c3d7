//! `concertina serve` as a user starts it: the walkthrough's rules over an exposition that is
//! scraped, and over Debian's Prometheus; mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod cache;
mod cluster;
mod common;
mod explain;
mod failures;
mod mistakes;
mod objects;
#[path = "../parts/mod.rs"]
mod parts;
mod prometheus_tls;
mod rules;
mod scraping;
mod secure;
mod sources;
mod telemetry;
