//! A bounded HTTP client and server for the edges of Concertina.
//!
//! The only crate that knows hyper. Everything here has a limit: bodies, connections, headers,
//! idle time, and a deadline on every request. HTTP/1.1 and HTTP/2, plain (with prior knowledge)
//! or, with the feature `tls`, over TLS: the caller brings the crypto provider.
//!
//! - [`Client`] asks and reads the whole answer.
//! - [`serve`] serves any `tower_service::Service` on a listener.
//! - `serve_tls` does the same over TLS; a client's certificate stands in the request's extensions
//!   as [`PeerCertificates`].
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
pub use server::{PeerCertificates, ServerOptions, serve};
#[cfg(feature = "tls")]
pub use server::{ServerTls, TlsError, TlsIdentity, TlsOptions, TlsVersion, serve_tls};
pub use url::check_url;
