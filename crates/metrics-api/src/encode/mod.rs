//! How documents travel: JSON, YAML, Kubernetes' protobuf, and tables for people.

mod messages;
pub(crate) mod negotiate;
pub(crate) mod protobuf;
mod table;

use serde::Serialize;

use protobuf::Message;
pub(crate) use table::Table;

/// What can be answered in every encoding.
pub(crate) trait Document: Serialize {
    /// `apiVersion` and `kind` of the protobuf envelope.
    fn type_meta(&self) -> (&str, &str);

    /// The fields of the protobuf message, which has no type of its own.
    fn encode(&self, message: &mut Message);

    /// The document as a table, where it can be one.
    fn table(&self) -> Option<Table<'_>> {
        None
    }
}
