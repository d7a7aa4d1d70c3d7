//! What the `Accept` header asks for.

use http::header::{ACCEPT, HeaderMap};

/// An encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Media {
    #[default]
    Json,
    Yaml,
    Protobuf,
}

impl Media {
    /// All encodings; `*/*` means the first one.
    const ALL: [Self; 3] = [Self::Json, Self::Yaml, Self::Protobuf];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }
}

/// The media types that are served, for the text of a 406.
pub(crate) fn served() -> [&'static str; 3] {
    Media::ALL.map(Media::name)
}

/// What a document is turned into before it is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// Nothing.
    #[default]
    Plain,
    /// A table.
    Table,
    /// Aggregated discovery, in its version 2.
    Discovery,
    /// The same in its version 2beta1.
    DiscoveryBeta,
}

const DISCOVERY: &str = "apidiscovery.k8s.io";
const DISCOVERY_LIST: &str = "APIGroupDiscoveryList";

/// An encoding and a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) media: Media,
    pub(crate) view: View,
}

/// Which views a route has besides the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Views {
    None,
    Table,
    Discovery,
}

/// One media range of the header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: f32,
    parameters: Vec<(&'a str, &'a str)>,
}

/// The choice that the header prefers, as apiserver 1.36 negotiates; none when nothing that it
/// accepts is served. Streams are not served.
pub(crate) fn negotiate(headers: &HeaderMap, views: Views) -> Option<Choice> {
    let values = headers.get_all(ACCEPT).iter();
    let texts = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut ranges: Vec<Range<'_>> = texts.filter_map(range).collect();
    if ranges.is_empty() {
        return Some(Choice::default());
    }
    // A stable sort: what stands first is preferred among equals.
    ranges.sort_by(|a, b| {
        let wild = |range: &Range<'_>| (range.kind == "*", range.subtype == "*");
        b.quality.total_cmp(&a.quality).then(wild(a).cmp(&wild(b)))
    });
    ranges.iter().find_map(|range| choose(range, views))
}

fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
    let quality = parameters.iter().find(|(name, _)| *name == "q");
    let quality = match quality {
        Some((_, weight)) => weight.parse().ok()?,
        None => 1.0,
    };
    (quality > 0.0).then_some(Range {
        kind,
        subtype,
        quality,
        parameters,
    })
}

fn choose(range: &Range<'_>, views: Views) -> Option<Choice> {
    let media = Media::ALL.into_iter().find(|media| {
        let (kind, subtype) = media.name().split_once('/').unwrap_or_default();
        let fits = |wanted: &str, has| wanted == "*" || wanted.eq_ignore_ascii_case(has);
        fits(range.kind, kind) && fits(range.subtype, subtype)
    })?;
    let parameter = |name| {
        let mut found = range.parameters.iter().filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| *value)
    };
    if parameter("stream").is_some() {
        return None;
    }
    let view = match (parameter("as"), parameter("g"), parameter("v"), views) {
        (None, _, _, _) => View::Plain,
        // Only JSON has tables; who asks for one in another encoding names a plain one too.
        _ if media != Media::Json => return None,
        (Some("Table"), Some("meta.k8s.io"), Some("v1"), Views::Table) => View::Table,
        (Some(DISCOVERY_LIST), Some(DISCOVERY), Some("v2"), Views::Discovery) => View::Discovery,
        (Some(DISCOVERY_LIST), Some(DISCOVERY), Some("v2beta1"), Views::Discovery) => {
            View::DiscoveryBeta
        }
        _ => return None,
    };
    Some(Choice { media, view })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str, views: Views) -> String {
        let mut headers = HeaderMap::new();
        if let Ok(value) = accept.parse() {
            headers.insert(ACCEPT, value);
        }
        match negotiate(&headers, views) {
            Some(Choice { media, view }) => format!("{media:?} {view:?}"),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn the_header_is_read_as_kubernetes_reads_it() {
        let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        for (accept, views, expected) in [
            ("", Views::None, "Json Plain"),
            ("*/*", Views::None, "Json Plain"),
            ("application/*", Views::None, "Json Plain"),
            (
                "application/vnd.kubernetes.protobuf, */*",
                Views::Table,
                "Protobuf Plain",
            ),
            // Preference goes before place, and what is named before what is not.
            (
                "application/json;q=0.5, application/yaml",
                Views::None,
                "Yaml Plain",
            ),
            ("*/*, application/yaml", Views::None, "Yaml Plain"),
            (
                "application/json;q=0, application/yaml;q=0.1",
                Views::None,
                "Yaml Plain",
            ),
            ("APPLICATION/JSON", Views::None, "Json Plain"),
            ("application/cbor", Views::None, "nothing"),
            ("application/json;stream=watch", Views::None, "nothing"),
            ("nonsense", Views::None, "Json Plain"),
            (
                &format!("{table},application/json"),
                Views::Table,
                "Json Table",
            ),
            (
                &format!("{table},application/json"),
                Views::None,
                "Json Plain",
            ),
            (table, Views::None, "nothing"),
            (&format!("{v2},application/json"), Views::None, "Json Plain"),
            (
                &format!("{v2},application/json"),
                Views::Discovery,
                "Json Discovery",
            ),
            (
                "application/yaml;as=Table;v=v1;g=meta.k8s.io",
                Views::Table,
                "nothing",
            ),
        ] {
            assert_eq!(chosen(accept, views), expected, "{accept}");
        }
    }
}
