//! GPU autoscaling for Kubernetes: custom metrics and scaling in one binary.
//!
//! This crate composes the others and is what `concertina` runs; whoever embeds Concertina uses
//! the crates below it.

pub mod check;
pub mod cli;
pub mod cluster;
pub mod demo;
pub mod explain;
pub mod export;
pub mod files;
pub mod init;
pub mod probe;
pub mod serve;
pub mod signals;
pub mod top;
