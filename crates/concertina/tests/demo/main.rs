//! The demo as a user starts it: the built-in input, other files, and mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod common;
mod mistakes;
#[path = "../parts/mod.rs"]
mod parts;
mod stories;
