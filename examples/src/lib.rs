//! Runnable examples of the Concertina crates: `cargo run -p concertina-examples --example NAME`.
