//! A small Kubernetes API in memory, for demos and tests.
//!
//! A generic object store driven by a table of [`Kind`]s, over HTTP: discovery, get, list, watch
//! (with revisions, bookmarks and 410), label and field selectors, PartialObjectMetadata, create,
//! update, patch and delete, the subresources `status` and `scale`; TokenReview and
//! SubjectAccessReview from a [`Policy`]; [`Fault`]s on demand; and an audit log.
//!
//! [`Sandbox`] is a `tower_service::Service`: serve it with `concertina_http::serve` or, over TLS,
//! `serve_tls`, with [`server_options`]. The time is the host's: see [`SandboxOptions`].

mod api;
mod audit;
mod error;
mod fault;
mod kind;
mod policy;
mod sandbox;
mod select;
mod store;

pub use audit::AuditEntry;
pub use error::ApiError;
pub use fault::{Fault, Then};
pub use kind::Kind;
pub use policy::{Policy, Question, User, What, Who};
pub use sandbox::{FrontProxy, Sandbox, SandboxOptions, server_options};
