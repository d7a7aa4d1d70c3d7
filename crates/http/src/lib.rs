//! A bounded HTTP client and server for the edges of Concertina.
//!
//! The only crate that knows hyper. Everything here has a limit: bodies, connections, header time,
//! and a deadline on every request. Plain HTTP/1.1 and HTTP/2; TLS is not built in yet.

mod client;
mod encoding;
mod server;

pub use client::{Client, ClientError, ClientOptions, Response};
pub use encoding::{encode_segment, query_pairs};
pub use server::{Body, ServerOptions, json, serve, text};
