//! Criterion benchmarks of the Concertina crates: `cargo bench -p concertina-benches`.
