//! What holds of every decision, whatever is observed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod any;
mod arithmetic;
mod decisions;
mod monotone;
mod sequences;
#[path = "../support/mod.rs"]
mod support;
