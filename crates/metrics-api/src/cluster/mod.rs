//! What a cluster has, followed by watches and API discovery, so that a request costs its API
//! server nothing.
//!
//! - [`WatchedObjects`]: which objects there are and what their labels are, for the adapters.
//! - [`DiscoveredKinds`]: which kinds there are, for the mapping of labels to resources.
//!
//! Both take a [`kube::Client`], whose TLS, credentials and limits are its host's choice. Give it a
//! read timeout above five minutes (watches are renewed before), so that a connection that is lost
//! without a word is noticed.

mod failure;
mod follow;
mod index;
mod kinds;
mod objects;

pub use kinds::{DiscoveredKinds, DiscoveryError, KindsOptions};
pub use objects::{WatchOptions, WatchedObjects};
