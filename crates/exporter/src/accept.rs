//! Which format a scrape wants.

use http::header::{ACCEPT, HeaderMap};

use crate::render::Format;

impl Format {
    /// The format that `headers` like most. OpenMetrics has to be asked for, by name and at least
    /// as much as the text format; whoever asks for nothing gets the text format.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(ACCEPT).iter();
        let ranges = texts
            .filter_map(|text| text.to_str().ok())
            .flat_map(|text| text.split(','));
        let (mut open, mut plain) = (0.0_f32, 0.0_f32);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight
                .map_or(Some(1.0), |weight| weight.parse().ok())
                .unwrap_or(0.0);
            match media.as_str() {
                "application/openmetrics-text" => open = open.max(weight),
                "text/plain" | "text/*" => plain = plain.max(weight),
                _ => {}
            }
        }
        match open > 0.0 && open >= plain {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scrapers_ask_for() {
        let wanted = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, text.parse().unwrap());
            Format::wanted(&headers)
        };
        // Prometheus 2.42 and ours, curl, a browser, and odd ones.
        for (text, format) in [
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
            (concertina_sources::exposition::ACCEPT, Format::OpenMetrics),
            ("*/*", Format::Prometheus),
            (
                "text/html,application/xml;q=0.9,*/*;q=0.8",
                Format::Prometheus,
            ),
            (
                "text/plain;version=0.0.4, application/openmetrics-text; q=0.5",
                Format::Prometheus,
            ),
            ("application/openmetrics-text;q=0", Format::Prometheus),
            ("application/openmetrics-text;q=x", Format::Prometheus),
            ("Application/OpenMetrics-Text", Format::OpenMetrics),
            ("", Format::Prometheus),
        ] {
            assert_eq!(wanted(text), format, "{text}");
        }
        assert_eq!(Format::wanted(&HeaderMap::new()), Format::Prometheus);
    }
}
