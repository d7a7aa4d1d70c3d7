//! What the front proxy and clients say in headers.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, HeaderMap};
use percent_encoding::percent_decode_str;

use super::User;
use super::trust::FrontProxy;

/// The bearer token; none when there is no such header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, rest) = text.split_once(' ')?;
    let token = rest.split(' ').next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl FrontProxy {
    /// Whom the headers name; none when they name nobody.
    pub(super) fn user(&self, headers: &HeaderMap) -> Option<User> {
        let name = first(headers, &self.user_headers)?;
        Some(User {
            name,
            uid: first(headers, &self.uid_headers).unwrap_or_default(),
            groups: all(headers, &self.group_headers),
            extra: self.extra(headers),
        })
    }

    fn extra(&self, headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            let of = |prefix: &String| {
                // Names of headers are in lower case here.
                name.as_str().strip_prefix(&prefix.to_lowercase())
            };
            let Some(key) = self.extra_prefixes.iter().find_map(of) else {
                continue;
            };
            let key = match percent_decode_str(key).decode_utf8() {
                Ok(decoded) => decoded.to_lowercase(),
                Err(_) => key.to_owned(),
            };
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            extra.entry(key).or_default().push(value);
        }
        extra
    }

    /// Takes out what only the proxy may say, so that nobody behind reads it.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        let named = [&self.user_headers, &self.uid_headers, &self.group_headers];
        for name in named.into_iter().flatten() {
            headers.remove(name.as_str());
        }
        let extra = headers.keys().filter(|name| {
            let mut prefixes = self.extra_prefixes.iter();
            prefixes.any(|prefix| name.as_str().starts_with(&prefix.to_lowercase()))
        });
        for name in extra.cloned().collect::<Vec<_>>() {
            headers.remove(name);
        }
    }
}

fn first(headers: &HeaderMap, names: &[String]) -> Option<String> {
    let values = names.iter().filter_map(|name| headers.get(name.as_str()));
    let mut texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    texts.find(|text| !text.is_empty())
}

fn all(headers: &HeaderMap, names: &[String]) -> Vec<String> {
    let values = names.iter().flat_map(|name| headers.get_all(name.as_str()));
    let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    texts.filter(|text| !text.is_empty()).collect()
}
