//! Percent-encoding of paths and queries.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// `text` with everything escaped that has a meaning in a path segment or a query value.
///
/// ```
/// assert_eq!(concertina_http::encode_segment("app=a b/*"), "app%3Da%20b%2F%2A");
/// ```
#[must_use]
pub fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The names and values of a query string, decoded; `+` is a blank, what is no UTF-8 is replaced.
///
/// ```
/// let pairs = concertina_http::query_pairs("labelSelector=app%3Dweb&watch");
/// assert_eq!(pairs[0], ("labelSelector".to_owned(), "app=web".to_owned()));
/// assert_eq!(pairs[1], ("watch".to_owned(), String::new()));
/// ```
#[must_use]
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
