//! `concertina export` as a process, with a stand-in for the driver's library.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
mod faults;
mod gpu;
mod hpa;
mod manifest;
mod mistakes;
#[path = "../parts/mod.rs"]
mod parts;
mod pods;
mod real;
mod serving;
mod tls;
mod top;
