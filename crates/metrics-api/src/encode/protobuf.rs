//! Kubernetes' protobuf encoding, as far as answers need it.
//!
//! Kubernetes writes every field that is not optional, also an empty one, and all fields in the
//! order of their numbers; so does this, that answers are the same byte for byte.

use std::collections::BTreeMap;

use super::Document;

/// What every encoded object begins with.
const MAGIC: &[u8] = b"k8s\0";

/// The fields of one message, in the order in which they are written.
#[derive(Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A whole number or a bool.
    pub(crate) fn int(&mut self, field: u32, value: i64) {
        self.varint(u64::from(field) << 3);
        // Negative numbers take ten bytes: their two's complement in 64 bits.
        self.varint(value as u64);
    }

    /// Text or bytes.
    pub(crate) fn bytes(&mut self, field: u32, value: &[u8]) {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// Text.
    pub(crate) fn text(&mut self, field: u32, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    /// Several texts.
    pub(crate) fn texts(&mut self, field: u32, values: &[String]) {
        for value in values {
            self.text(field, value);
        }
    }

    /// A message inside this one.
    pub(crate) fn message(&mut self, field: u32, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }

    /// A map from texts, one entry after the other in the order of the keys; `fill` writes a value
    /// as field 2.
    pub(crate) fn map<V>(
        &mut self,
        field: u32,
        map: &BTreeMap<String, V>,
        fill: impl Fn(&mut Self, &V),
    ) {
        for (key, value) in map {
            self.message(field, |entry| {
                entry.text(1, key);
                fill(entry, value);
            });
        }
    }
}

/// `document` in Kubernetes' envelope: magic bytes, then a `runtime.Unknown`.
pub(crate) fn encode(document: &impl Document) -> Vec<u8> {
    let mut envelope = Message(MAGIC.to_vec());
    let (api_version, kind) = document.type_meta();
    envelope.message(1, |meta| {
        meta.text(1, api_version);
        meta.text(2, kind);
    });
    envelope.message(2, |raw| document.encode(raw));
    // Content encoding and content type: that of the envelope.
    envelope.text(3, "");
    envelope.text(4, "");
    envelope.0
}
