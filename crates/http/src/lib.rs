//! A bounded HTTP client and server for the edges of Concertina.
//!
//! The only crate that knows hyper. Everything here has a limit: bodies, connections, headers,
//! idle time, and a deadline on every request. HTTP/1.1 and HTTP/2, plain (with prior knowledge)
//! or, with the feature `tls`, over TLS: the caller brings the crypto provider.
//!
//! - [`Client`] asks, and reads the whole answer or, for watches, piece by piece; it unpacks gzip and
//!   shows who it is: [`Authorization`], and `ClientTls` under `https://`.
//! - [`serve`] serves any `tower_service::Service` on a listener.
//! - `serve_tls` does the same over TLS; a client's certificate stands in the request's extensions
//!   as [`PeerCertificates`].
//! - [`read_body`] reads what a request brought; [`text`] and [`json`] make responses.

mod body;
mod client;
mod encoding;
mod pack;
mod response;
mod server;
#[cfg(feature = "tls")]
mod tls;
mod url;

pub use body::{BodyError, read_body};
pub use client::{Authorization, Client, ClientError, ClientOptions, Response, Secret, Streaming};
#[cfg(feature = "tls")]
pub use client::{ClientIdentity, ClientTls, Pem, Trust};
pub use encoding::{encode_segment, form_encode, query_pairs};
pub use hyper::body::{Body as HttpBody, Incoming};
pub use pack::packed;
pub use response::{Body, BodyPieces, json, text};
pub use server::{PeerCertificates, ServerOptions, serve};
#[cfg(feature = "tls")]
pub use server::{ServerTls, TlsError, TlsIdentity, TlsOptions, serve_tls};
#[cfg(feature = "tls")]
pub use tls::TlsVersion;
pub use url::check_url;
