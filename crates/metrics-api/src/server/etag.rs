//! Tags of documents that clients keep.

use std::hash::{DefaultHasher, Hasher};

use http::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};

/// A tag of `content`, without quotes: the same content has the same tag, in every process of the
/// same build.
pub(super) fn etag(content: &[u8]) -> String {
    // With fixed keys, unlike that of maps.
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    format!("{:016X}", hasher.finish())
}

/// Whether the client already has the content of this tag.
pub(super) fn known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    tags.any(|known| {
        let known = known.trim();
        known == "*" || known.trim_start_matches("W/").trim_matches('"') == tag
    })
}

/// Puts the tag into an answer.
pub(super) fn put(headers: &mut HeaderMap, tag: &str) {
    if let Ok(value) = HeaderValue::try_from(format!("\"{tag}\"")) {
        headers.insert(ETAG, value);
    }
}
