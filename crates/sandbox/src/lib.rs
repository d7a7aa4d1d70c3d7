//! A small Kubernetes API in memory, for demos and tests.
//!
//! A generic object store driven by a table of [`Kind`]s, over HTTP: discovery, get, list, watch
//! (with revisions, bookmarks and 410), label and field selectors, PartialObjectMetadata; writes as
//! the API server of Kubernetes 1.36 does them: create, update, patch (merge, JSON, strategic merge
//! and server-side apply with `managedFields`), delete with preconditions, finalizers and owners, dry
//! runs, the subresources `status` and `scale`, one kind in several versions; TokenReview and
//! SubjectAccessReview from a [`Policy`]; [`Fault`]s on demand; a log of requests and one of
//! [writes](WriteEntry).
//!
//! [`Sandbox`] is a `tower_service::Service`: serve it with `concertina_http::serve` or, over TLS,
//! `serve_tls`, with [`server_options`]. The time is the host's: see [`SandboxOptions`].

mod api;
mod audit;
mod error;
mod fault;
mod kind;
mod names;
mod patch;
mod policy;
mod sandbox;
mod schema;
mod select;
mod store;

pub use audit::{AuditEntry, WriteEntry};
pub use error::ApiError;
pub use fault::{Fault, Then};
pub use kind::{Custom, Kind, ScalePaths};
pub use policy::{Policy, Question, User, What, Who};
pub use sandbox::{FrontProxy, Sandbox, SandboxOptions, server_options};
