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
mod common;
mod explain;
mod failures;
mod mistakes;
#[path = "../parts/mod.rs"]
mod parts;
mod rules;
mod scraping;
mod sources;
mod telemetry;
