//! Manifests of every version of the API: what they mean, and what is told of mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests"
)]

mod conversions;
mod mistakes;
mod round_trips;
mod strategy;

use concertina_replicas::api::{Manifest, ManifestError, ValidationOptions};

fn read(text: &str) -> Result<Manifest, ManifestError> {
    concertina_replicas::api::read(text, ValidationOptions::default())
}
