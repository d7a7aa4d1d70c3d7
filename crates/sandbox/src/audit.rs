//! What was asked, and what was written.

use std::collections::VecDeque;
use std::sync::Arc;

use concertina_model::Timestamp;
use serde_json::Value;

/// The most requests that are remembered.
const KEEPS: usize = 10_000;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Who asked, by the token; empty for somebody unknown.
    pub user: String,
    /// The `User-Agent`; empty when there was none.
    pub user_agent: String,
    /// The answer's status; 0 for none.
    pub status: u16,
}

/// A write that a client did.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteEntry {
    /// When, by the sandbox's time.
    pub at: Timestamp,
    /// Who, by the token; empty for somebody unknown.
    pub user: String,
    /// The `User-Agent`; empty when there was none.
    pub user_agent: String,
    /// `create`, `update`, `patch`, `apply` or `delete`.
    pub verb: &'static str,
    /// The resource: `deployments.apps`, with the subresource: `deployments.apps/scale`.
    pub resource: String,
    /// The object's namespace; empty for none.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The object's resourceVersion after it, which orders all writes.
    pub revision: u64,
    /// The object after it, or as it was deleted.
    pub object: Arc<Value>,
}

/// The newest requests, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Audit(VecDeque<AuditEntry>);

impl Audit {
    pub(crate) fn add(&mut self, entry: AuditEntry) {
        if self.0.len() == KEEPS {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(crate) fn all(&self) -> Vec<AuditEntry> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
