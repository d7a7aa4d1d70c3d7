//! Objects and kinds of a cluster, followed: what a request costs the API server, and what is told
//! while the API server is in trouble.
#![cfg(feature = "watch")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod kinds;
mod objects;
mod trouble;
mod world;
