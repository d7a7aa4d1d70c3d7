//! The formats, as Prometheus 2.42 reads them and beyond.

use proptest::prelude::*;

use super::*;

fn sample(line: &str) -> ExposedSample {
    parse(line).unwrap().samples.into_iter().next().unwrap()
}

/// Each text with what becomes of it.
fn told(format: Format, texts: &[&str]) -> String {
    let told = texts.iter().map(|text| {
        let read = match parse_as(text.as_bytes(), format) {
            Ok(read) => {
                let samples = read.samples.iter();
                let samples = samples.map(|sample| format!("{} {}", sample.labels, sample.value));
                samples.collect::<Vec<_>>().join("; ")
            }
            Err(error) => error.to_string(),
        };
        format!("{text:?}\n    {read}")
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn timestamps_are_milliseconds_or_seconds() {
    let at = |millis| Some(Timestamp::from_millis(millis));
    assert_eq!(sample("x 1e3 5 ").timestamp, at(5));
    let text = b"x 1 1700000000.1239 # {} 1\n# EOF";
    let error = parse_as(text, Format::OpenMetrics).unwrap_err();
    assert_eq!((error.line, error.column), (1, 20));
    let text = b"x_total 1 1700000000.1239 # {} 1\n# EOF";
    let read = parse_as(text, Format::OpenMetrics).unwrap();
    assert_eq!(read.samples[0].timestamp, at(1_700_000_000_123));
}

#[test]
fn mistakes_of_the_text_format_are_named_with_their_place() {
    let texts = [
        "x{a=1} 1",
        "x{a=\"1} 1",
        "x{a=\"1\",a=\"2\"} 1",
        "x{,} 1",
        "x{a} 1",
        "x{0=\"1\"} 1",
        "x 1,5",
        "x 1e999",
        "x 1_000",
        "x 1 soon",
        "x 1 99999999999999999999",
        "0x 1",
        "x",
        "x{",
        "# TYPE x speed",
        "# HELP 0 y",
        "ä 1",
        "x 1\n\n  y{ 2",
        "x{a=\"München\"} eins",
        "{a=\"1\"} 1",
    ];
    insta::assert_snapshot!(told(Format::Text, &texts), @r##"
"x{a=1} 1"
    line 1, column 5: expected a value in double quotes
"x{a=\"1} 1"
    line 1, column 5: expected a closing double quote
"x{a=\"1\",a=\"2\"} 1"
    line 1, column 9: expected each label once
"x{,} 1"
    line 1, column 3: expected a label or `}`
"x{a} 1"
    line 1, column 4: expected `=`
"x{0=\"1\"} 1"
    line 1, column 3: expected a label or `}`
"x 1,5"
    line 1, column 3: expected a number
"x 1e999"
    line 1, column 3: expected a number
"x 1_000"
    line 1, column 3: expected a number
"x 1 soon"
    line 1, column 5: expected a timestamp in milliseconds or the end of the line
"x 1 99999999999999999999"
    line 1, column 5: expected a timestamp of 64 bits
"0x 1"
    line 1, column 1: expected a metric name
"x"
    line 1, column 2: expected a number
"x{"
    line 1, column 3: expected a label or `}`
"# TYPE x speed"
    line 1, column 10: expected one of counter, gauge, histogram, summary, untyped
"# HELP 0 y"
    line 1, column 8: expected a metric name
"ä 1"
    line 1, column 1: expected a metric name
"x 1\n\n  y{ 2"
    line 3, column 1: expected a metric name without blanks before it
"x{a=\"München\"} eins"
    line 1, column 16: expected a number
"{a=\"1\"} 1"
    line 1, column 1: expected a metric name
"##);
}

#[test]
fn mistakes_of_open_metrics_are_named_with_their_place() {
    let texts = [
        "x 1\n",
        "x 1\n# EOF\nx 2\n",
        "\n# EOF\n",
        "x  1\n# EOF\n",
        "x 1 \n# EOF\n",
        "x{a=\"1\" } 2\n# EOF\n",
        "x{a=\"1\",} 2\n# EOF\n",
        "x{a=\"l\nb\"} 1\n# EOF\n",
        "# c\n# EOF\n",
        "# HELP x\n# EOF\n",
        "# TYPE x untyped\n# EOF\n",
        "# UNIT x_seconds bytes\n# EOF\n",
        "x 1 NaN\n# EOF\n",
        "x 1 2 3\n# EOF\n",
        "x_total 1 # a 2\n# EOF\n",
        "x_total 1 # {\"a\"} 2\n# EOF\n",
        "x_total 1 # {a=\"1\"} zwei\n# EOF\n",
        "x 1 # {a=\"1\"} 2\n# EOF\n",
    ];
    insta::assert_snapshot!(told(Format::OpenMetrics, &texts), @r##"
"x 1\n"
    line 2, column 1: expected `# EOF` at the end
"x 1\n# EOF\nx 2\n"
    line 3, column 1: expected nothing after `# EOF`
"\n# EOF\n"
    line 1, column 1: expected a metric name
"x  1\n# EOF\n"
    line 1, column 3: expected a number
"x 1 \n# EOF\n"
    line 1, column 5: expected a timestamp in seconds
"x{a=\"1\" } 2\n# EOF\n"
    line 1, column 8: expected `,` or `}`
"x{a=\"1\",} 2\n# EOF\n"
    line 1, column 9: expected a label
"x{a=\"l\nb\"} 1\n# EOF\n"
    line 1, column 5: expected a closing double quote
"# c\n# EOF\n"
    line 1, column 3: expected HELP, TYPE, UNIT or EOF
"# HELP x\n# EOF\n"
    line 1, column 9: expected one blank and what is said of the metric
"# TYPE x untyped\n# EOF\n"
    line 1, column 10: expected one of counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown
"# UNIT x_seconds bytes\n# EOF\n"
    line 1, column 18: expected the unit that the metric's name ends with
"x 1 NaN\n# EOF\n"
    line 1, column 5: expected a timestamp in seconds
"x 1 2 3\n# EOF\n"
    line 1, column 6: expected the end of the line
"x_total 1 # a 2\n# EOF\n"
    line 1, column 13: expected the labels of an exemplar
"x_total 1 # {\"a\"} 2\n# EOF\n"
    line 1, column 13: expected labels without a metric's name
"x_total 1 # {a=\"1\"} zwei\n# EOF\n"
    line 1, column 21: expected a number
"x 1 # {a=\"1\"} 2\n# EOF\n"
    line 1, column 4: expected no exemplar but of names that end in _total or _bucket
"##);
}

#[test]
fn names_in_quotes_may_have_any_character() {
    let texts = [
        "{\"gpu.util\"} 1",
        "{\"gpu.util\", \"node.name\"=\"a\", b=\"c\"} 1",
        "{a=\"1\",\"gpu.util\"} 1",
        "x{\"gpu.util\"} 1",
        "{\"a\\\"b\"} 1",
        "{\"\"} 1",
        "{\"x\"\n} 1",
        "x{\"a\"=\"1\",a=\"2\"} 1",
    ];
    insta::assert_snapshot!(told(Format::Text, &texts), @r#"
"{\"gpu.util\"} 1"
    gpu.util 1
"{\"gpu.util\", \"node.name\"=\"a\", b=\"c\"} 1"
    gpu.util{b="c", node.name="a"} 1
"{a=\"1\",\"gpu.util\"} 1"
    gpu.util{a="1"} 1
"x{\"gpu.util\"} 1"
    line 1, column 3: expected each label once
"{\"a\\\"b\"} 1"
    a"b 1
"{\"\"} 1"
    line 1, column 2: expected a label or `}`
"{\"x\"\n} 1"
    line 1, column 5: expected a label or `}`
"x{\"a\"=\"1\",a=\"2\"} 1"
    line 1, column 11: expected each label once
"#);
    let text = b"# TYPE \"gpu.util\" gauge\n{\"gpu.util\",\"a.b\"=\"1\"} 5\n# EOF\n";
    let read = parse_as(text, Format::OpenMetrics).unwrap();
    assert_eq!(read.types[0].name, "gpu.util");
    assert_eq!(read.samples[0].labels.get("a.b"), Some("1"));
}

#[test]
fn bytes_that_are_no_utf_8_have_a_place() {
    let error = parse_as(b"# HELP x 20 \xb0C\nx{a=\"\xff\"} 1", Format::Text).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 6: expected UTF-8");
}

#[test]
fn content_types_name_the_format() {
    for (content_type, format) in [
        (None, Format::Text),
        (Some("text/plain; version=0.0.4"), Format::Text),
        (Some("application/openmetrics-text"), Format::OpenMetrics),
        (
            Some("Application/OpenMetrics-Text ; version=1.0.0"),
            Format::OpenMetrics,
        ),
        (Some("application/json"), Format::Text),
    ] {
        assert_eq!(Format::of(content_type), format, "{content_type:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_an_exposition_or_an_error(text in "\\PC{0,60}", near in "[a-c_:{}=\",\\\\0-9. #\n-]{0,60}") {
        for text in [text, near] {
            for format in [Format::Text, Format::OpenMetrics] {
                if let Err(error) = parse_as(text.as_bytes(), format) {
                    prop_assert!(error.line <= text.split('\n').count());
                }
            }
        }
    }

    /// What is written is read.
    #[test]
    fn labels_come_back(value in "\\PC{0,20}", name in "[a-zA-Z_][a-zA-Z0-9_]{0,8}", number: f64) {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let line = format!("m{{{name}=\"{escaped}\"}} {number}\n");
        for text in [line.clone(), format!("{line}# EOF\n")] {
            let read = parse_as(text.as_bytes(), match text == line {
                true => Format::Text,
                false => Format::OpenMetrics,
            }).unwrap();
            let sample = &read.samples[0];
            prop_assert_eq!(sample.labels.get(&name).unwrap_or_default(), &value);
            prop_assert!(sample.value == number || (sample.value.is_nan() && number.is_nan()));
        }
    }
}
