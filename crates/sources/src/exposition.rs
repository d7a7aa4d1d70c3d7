//! The Prometheus text format, version 0.0.4.

use concertina_model::{Labels, METRIC_NAME, Timestamp};
use nom::branch::alt;
use nom::bytes::complete::{escaped, is_not, tag, take_while, take_while1};
use nom::character::complete::{anychar, char, digit1, space0, space1};
use nom::combinator::{map_opt, opt, recognize, rest, verify};
use nom::multi::separated_list0;
use nom::sequence::{delimited, preceded, separated_pair};
use nom::{IResult, Parser};

/// One sample line.
#[derive(Clone, Debug, PartialEq)]
pub struct ExposedSample {
    /// The series, `__name__` included.
    pub labels: Labels,
    /// The value; NaN and the infinities are values here.
    pub value: f64,
    /// The line's own timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
}

/// What a `# TYPE` line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricType {
    /// The metric's name.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, `summary` or `untyped`.
    pub kind: String,
}

/// A whole exposition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    /// The samples, in order.
    pub samples: Vec<ExposedSample>,
    /// The types, in order.
    pub types: Vec<MetricType>,
}

/// Why a text is no exposition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ExpositionError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What was expected.
    pub message: &'static str,
}

/// Reads an exposition. As Prometheus does, a single bad line makes the whole text an error: half a
/// scrape would look like series that ended.
///
/// # Errors
///
/// [`ExpositionError`] with the place of the first line that cannot be read.
///
/// ```
/// use concertina_sources::exposition::parse;
///
/// let text = "# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} 23\n";
/// let exposition = parse(text).unwrap();
/// assert_eq!(exposition.samples[0].value, 23.0);
/// assert_eq!(exposition.samples[0].labels.get("gpu"), Some("0"));
/// ```
pub fn parse(text: &str) -> Result<Exposition, ExpositionError> {
    let mut exposition = Exposition::default();
    for (i, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let start = line.trim_start_matches([' ', '\t']);
        let read = match start.strip_prefix('#') {
            _ if start.is_empty() => Ok(()),
            Some(comment) => type_line(comment).map(|kind| exposition.types.extend(kind)),
            None => sample(start).map(|sample| exposition.samples.push(sample)),
        };
        if let Err((left, message)) = read {
            let before = line.strip_suffix(left).unwrap_or(line);
            let (line, column) = (i + 1, before.chars().count() + 1);
            return Err(ExpositionError {
                line,
                column,
                message,
            });
        }
    }
    Ok(exposition)
}

/// What is left of a line where it cannot be read, and what was expected there.
type Problem<'a> = (&'a str, &'static str);

fn metric_name(input: &str) -> IResult<&str, &str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    let other = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    recognize((verify(anychar, move |c| first(*c)), take_while(other))).parse(input)
}

fn label_name(input: &str) -> IResult<&str, &str> {
    verify(metric_name, |name: &str| !name.contains(':')).parse(input)
}

/// `"…"`, with `\\`, `\"` and `\n` resolved; any other backslash stands for itself.
fn label_value(input: &str) -> IResult<&str, String> {
    let inner = opt(escaped(is_not("\\\""), '\\', anychar));
    let (after, raw) = delimited(char('"'), inner, char('"')).parse(input)?;
    let mut value = String::new();
    let mut chars = raw.unwrap_or_default().chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(escape @ ('\\' | '"' | 'n'))) => {
                chars.next();
                value.push(if escape == 'n' { '\n' } else { escape });
            }
            _ => value.push(c),
        }
    }
    Ok((after, value))
}

/// A number as Go's `ParseFloat` reads it, but for hexadecimal.
fn value(input: &str) -> IResult<&str, f64> {
    let word = take_while1(|c: char| !matches!(c, ' ' | '\t'));
    map_opt(word, |text: &str| {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        match unsigned.to_ascii_lowercase().as_str() {
            "inf" | "infinity" if text.starts_with('-') => Some(f64::NEG_INFINITY),
            "inf" | "infinity" => Some(f64::INFINITY),
            "nan" => Some(f64::NAN),
            _ => text.parse().ok(),
        }
    })
    .parse(input)
}

/// Runs `parser`, and says `expected` where it does not fit.
fn step<'a, T>(
    input: &'a str,
    mut parser: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
    expected: &'static str,
) -> Result<(&'a str, T), Problem<'a>> {
    parser.parse(input).map_err(|_| (input, expected))
}

fn sample(line: &str) -> Result<ExposedSample, Problem<'_>> {
    let (mut left, name) = step(line, metric_name, "a metric name")?;
    let mut labels = vec![(METRIC_NAME.to_owned(), name.to_owned())];
    left = left.trim_start_matches([' ', '\t']);
    if let Some(inside) = left.strip_prefix('{') {
        let blank = || take_while(|c| matches!(c, ' ' | '\t'));
        let pair = separated_pair(label_name, (blank(), char('='), blank()), label_value);
        let comma = || delimited(blank(), char(','), blank());
        let pairs = delimited(blank(), separated_list0(comma(), pair), opt(comma()));
        let (after, pairs) = step(inside, pairs, "a label")?;
        for (name, value) in pairs {
            if labels.iter().any(|(known, _)| known == name) {
                return Err((inside, "each label once"));
            }
            labels.push((name.to_owned(), value));
        }
        let (after, _) = step(after, preceded(blank(), char('}')), "a label, `,` or `}`")?;
        left = after;
    } else if left.len() == line.len() - name.len() {
        // Without braces a blank parts name and value.
        return Err((left, "a blank or `{`"));
    }
    let (left, value) = step(left.trim_start_matches([' ', '\t']), value, "a number")?;
    let millis = map_opt(recognize((opt(char('-')), digit1)), |text: &str| {
        text.parse().ok()
    });
    let timestamp = opt(preceded(space1, millis));
    let (left, millis) = step(left, timestamp, "a timestamp")?;
    let (left, _) = step(left, space0, "the end of the line")?;
    if !left.is_empty() {
        return Err((left, "a timestamp in milliseconds or the end of the line"));
    }
    let timestamp = millis.map(Timestamp::from_millis);
    Ok(ExposedSample {
        labels: Labels::from_pairs(labels),
        value,
        timestamp,
    })
}

/// What follows `#`: a type, or something that says nothing about samples.
fn type_line(comment: &str) -> Result<Option<MetricType>, Problem<'_>> {
    let start = preceded(space0, (tag("TYPE"), space1));
    let Ok((left, _)) = recognize(start).parse(comment) as IResult<&str, &str> else {
        return Ok(None);
    };
    let (left, name) = step(left, metric_name, "a metric name")?;
    let kinds = alt((
        tag("counter"),
        tag("gauge"),
        tag("histogram"),
        tag("summary"),
        tag("untyped"),
        tag("unknown"),
    ));
    let expected = "one of counter, gauge, histogram, summary, untyped";
    let (left, kind) = step(left, preceded(space1, kinds), expected)?;
    let end = verify(rest, |left: &str| left.trim_matches([' ', '\t']).is_empty());
    step(left, end, expected)?;
    Ok(Some(MetricType {
        name: name.to_owned(),
        kind: kind.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(line: &str) -> ExposedSample {
        parse(line).unwrap().samples.into_iter().next().unwrap()
    }

    #[test]
    fn lines_are_read_as_prometheus_reads_them() {
        let sample = one("x { a = \"1\" , b=\"q\\\"\\\\\\n\\t\", } 1e3 -5 ");
        assert_eq!(sample.labels.get("b"), Some("q\"\\\n\\t"));
        assert_eq!(
            (sample.value, sample.timestamp),
            (1000.0, Some(Timestamp::from_millis(-5)))
        );
        assert_eq!(one("x{} -Inf").value, f64::NEG_INFINITY);
        assert!(one("x\tNaN").value.is_nan());
        assert_eq!(one("x{a=\"München\"} 1").labels.get("a"), Some("München"));
        let text = "# HELP x any {text\n\n# TYPE x gauge\n#nothing\nx 1\r\nx{a=\"\"} 2";
        let exposition = parse(text).unwrap();
        assert_eq!(
            exposition.types,
            [MetricType {
                name: "x".into(),
                kind: "gauge".into()
            }]
        );
        assert_eq!(exposition.samples.len(), 2);
        assert_eq!(exposition.samples[0].labels, exposition.samples[1].labels);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let lines = [
            "x{a=\"1\" b=\"2\"} 1",
            "x{a=1} 1",
            "x{a=\"1} 1",
            "x{a=\"1\",a=\"2\"} 1",
            "x 1,5",
            "x 1 soon",
            "0x 1",
            "x",
            "# TYPE x speed",
            "ä 1",
        ];
        let errors = lines.map(|line| format!("{line} -> {}", parse(line).unwrap_err()));
        insta::assert_snapshot!(errors.join("\n"), @r##"
x{a="1" b="2"} 1 -> line 1, column 8: a label, `,` or `}`
x{a=1} 1 -> line 1, column 3: a label, `,` or `}`
x{a="1} 1 -> line 1, column 3: a label, `,` or `}`
x{a="1",a="2"} 1 -> line 1, column 3: each label once
x 1,5 -> line 1, column 3: a number
x 1 soon -> line 1, column 5: a timestamp in milliseconds or the end of the line
0x 1 -> line 1, column 1: a metric name
x -> line 1, column 2: a blank or `{`
# TYPE x speed -> line 1, column 9: one of counter, gauge, histogram, summary, untyped
ä 1 -> line 1, column 1: a metric name
"##);
        let later = parse("x 1\n\n  y{ 2").unwrap_err();
        assert_eq!((later.line, later.column), (3, 6));
    }

    proptest! {
        #[test]
        fn any_text_is_an_exposition_or_an_error(text in "\\PC{0,60}", near in "[a-c_:{}=\",\\\\0-9. #\n-]{0,60}") {
            for text in [text, near] {
                if let Err(error) = parse(&text) {
                    prop_assert!(error.line <= text.split('\n').count());
                }
            }
        }
    }
}
