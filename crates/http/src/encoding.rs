//! Percent-encoding of paths, queries and forms.

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

/// Names and values as a query string or an `application/x-www-form-urlencoded` body.
///
/// ```
/// let query = concertina_http::form_encode(&[("match[]", "up{a=\"b\"}"), ("start", "0")]);
/// assert_eq!(query, "match%5B%5D=up%7Ba%3D%22b%22%7D&start=0");
/// ```
#[must_use]
pub fn form_encode(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode_segment(name), encode_segment(value)))
        .collect();
    pairs.join("&")
}

/// The names and values of a query string or form, decoded and in order.
///
/// `+` is a blank; bytes that are not UTF-8 become U+FFFD; a name without `=` has an empty value.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_queries_are_read_as_go_reads_them() {
        let text = query_pairs("&&a&=b&c=d=e&f=%zz&g=%ff&h=x+%2B")
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(text, "a: :b c:d=e f:%zz g:\u{fffd} h:x +");
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(pairs in prop::collection::vec((".{0,8}", ".{0,8}"), 0..5)) {
            let borrowed: Vec<_> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
            let text = form_encode(&borrowed);
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%=&".contains(&b)));
            prop_assert_eq!(query_pairs(&text), pairs);
        }
    }
}
