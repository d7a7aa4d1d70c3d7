//! Criterion benchmarks of the Concertina crates: `cargo bench -p concertina-benches`, and the
//! inputs that they share.

pub mod cluster;
pub mod gpu_series;
