//! A bounded HTTP client and server for the edges of Concertina.
//!
//! The only crate that knows hyper. Everything here has a limit: bodies, connections, headers,
//! idle time, and a deadline on every request. Plain HTTP/1.1 and HTTP/2 with prior knowledge;
//! TLS is not built in yet.
//!
//! - [`Client`] asks and reads the whole answer.
//! - [`serve`] serves any `tower_service::Service` on a listener.
//! - [`read_body`] reads what a request brought; [`text`] and [`json`] make responses.

mod body;
mod client;
mod encoding;
mod response;
mod server;
mod url;

pub use body::{BodyError, read_body};
pub use client::{Client, ClientError, ClientOptions, Response};
pub use encoding::{encode_segment, form_encode, query_pairs};
pub use hyper::body::{Body as HttpBody, Incoming};
pub use response::{Body, json, text};
pub use server::{ServerOptions, serve};
pub use url::check_url;
