//! Parameters as Prometheus reads them.

use std::time::Duration;

use concertina_http::query_pairs;
use concertina_model::Timestamp;
use concertina_promql::ast::Selector;
use concertina_promql::{parse_duration, parse_selector};

use super::answer::ApiError;

/// What the form and the query string say; the form comes first.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn new(form: &str, query: &str) -> Self {
        let mut pairs = query_pairs(form);
        pairs.extend(query_pairs(query));
        Self(pairs)
    }

    /// The first value of `name` that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        values
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A time in seconds or as RFC 3339; `default` when it is left out.
    pub(super) fn time(
        &self,
        name: &'static str,
        default: Option<Timestamp>,
    ) -> Result<Timestamp, ApiError> {
        let text = match (self.get(name), default) {
            (None, Some(default)) => return Ok(default),
            (text, _) => text.unwrap_or_default(),
        };
        read_time(text).ok_or_else(|| ApiError::Parameter {
            name,
            reason: format!("cannot parse {text:?} to a valid timestamp"),
        })
    }

    /// A duration above zero, in seconds or as `1h30m`.
    pub(super) fn duration(&self, name: &'static str) -> Result<Duration, ApiError> {
        let text = self.get(name).unwrap_or_default();
        let invalid = |reason: String| ApiError::Parameter { name, reason };
        let duration = match text.parse::<f64>() {
            Ok(seconds) if seconds <= 0.0 => Some(Duration::ZERO),
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => parse_duration(text).ok(),
        };
        match duration {
            None => Err(invalid(format!(
                "cannot parse {text:?} to a valid duration"
            ))),
            Some(Duration::ZERO) => Err(invalid(format!("{text} is not above zero"))),
            Some(duration) => Ok(duration),
        }
    }

    /// The selectors of `match[]`.
    pub(super) fn selectors(&self) -> Result<Vec<Selector>, ApiError> {
        let texts = self.0.iter().filter(|(name, _)| name == "match[]");
        texts
            .map(|(_, text)| {
                parse_selector(text).map_err(|error| ApiError::Parameter {
                    name: "match[]",
                    reason: error.to_string(),
                })
            })
            .collect()
    }
}

/// Go's smallest and largest times, which clients send to mean all of time.
const ALL_OF_TIME: [(&str, i64); 2] = [
    ("-292273086-05-16T16:47:06Z", i64::MIN),
    ("292277025-08-18T07:12:54.999999999Z", i64::MAX),
];

fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Timestamp::from_secs_f64(seconds);
    }
    if let Some((_, millis)) = ALL_OF_TIME.iter().find(|(known, _)| *known == text) {
        return Some(Timestamp::from_millis(*millis));
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_prometheus_reads_them() {
        let read = |text: &str| read_time(text).map(Timestamp::as_millis);
        assert_eq!(read("1435781451.781"), Some(1_435_781_451_781));
        assert_eq!(read("-1.5"), Some(-1500));
        assert_eq!(read("2015-07-01T20:10:51.781Z"), Some(1_435_781_451_781));
        assert_eq!(
            read("2015-07-01T22:10:51.781+02:00"),
            Some(1_435_781_451_781)
        );
        assert_eq!(read("2015-07-01T17:40:51-02:30"), Some(1_435_781_451_000));
        assert_eq!(read("292277025-08-18T07:12:54.999999999Z"), Some(i64::MAX));
        for text in [
            "",
            "NaN",
            "+Inf",
            "1e300",
            "now",
            "2015-07-01",
            "2015-07-01T20:10:51",
            "2015-07-01T20:10:51+2:00",
            "é+02:00",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_numbers_or_words() {
        let read = |text: &str| Params::new("", &format!("step={text}")).duration("step");
        assert_eq!(read("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(read("1h30m"), Ok(Duration::from_secs(5400)));
        let errors = ["", "0", "-1", "0s", "NaN", "1e300", "soon"]
            .map(|text| read(text).unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @r##"
invalid parameter "step": cannot parse "" to a valid duration
invalid parameter "step": 0 is not above zero
invalid parameter "step": -1 is not above zero
invalid parameter "step": 0s is not above zero
invalid parameter "step": cannot parse "NaN" to a valid duration
invalid parameter "step": cannot parse "1e300" to a valid duration
invalid parameter "step": cannot parse "soon" to a valid duration
"##);
    }

    #[test]
    fn the_form_comes_first() {
        let params = Params::new("query=up&match[]=a", "query=down&match[]=b&time=");
        assert_eq!(params.get("query"), Some("up"));
        assert_eq!(params.get("time"), None);
        let selectors = params.selectors().unwrap();
        assert_eq!(selectors.len(), 2);
        let error = Params::new("", "match[]={a=~\".*\"}")
            .selectors()
            .unwrap_err();
        insta::assert_snapshot!(error, @r#"invalid parameter "match[]": line 1, column 1: a selector needs at least one matcher that the empty text fails"#);
    }
}
