//! The answer to `/api/v1/series`, in chunks of any size.
#![cfg(feature = "prometheus")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use concertina_model::{Labels, ListedSeries};
use concertina_sources::prometheus::{SeriesBody, SeriesDecoder};
use proptest::prelude::*;

fn decode(body: &str, chunk: usize) -> SeriesBody {
    let mut decoder = SeriesDecoder::new();
    for chunk in body.as_bytes().chunks(chunk.max(1)) {
        decoder.push(chunk);
    }
    decoder.finish()
}

/// As JSON with escapes that Prometheus does not need, and blanks.
fn json(text: &str, escape: bool) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        quoted.push_str(&format!("\\u{unit:04x}"));
    }
    quoted.push('"');
    if escape {
        quoted
    } else {
        serde_json::to_string(text).unwrap()
    }
}

proptest! {
    #[test]
    fn the_decoder_finds_what_a_json_library_finds(
        series in prop::collection::vec(
            prop::collection::btree_map("(__name__|job|[a-c]|\\PC{0,3})", "\\PC{0,6}[\"\\\\\n]?", 0..6),
            0..12,
        ),
        repeat in 1_usize..4,
        escape in any::<bool>(),
        blank in " {0,2}",
        chunk in 1_usize..40,
    ) {
        let series: Vec<&BTreeMap<String, String>> =
            series.iter().cycle().take(series.len() * repeat).collect();
        let elements: Vec<String> = series.iter().map(|labels| {
            let pairs: Vec<String> = labels.iter()
                .map(|(k, v)| format!("{}{blank}:{blank}{}", json(k, escape), json(v, escape)))
                .collect();
            format!("{{{blank}{}{blank}}}", pairs.join(","))
        }).collect();
        let body = format!(
            r#"{{"status":"success","x":"\"data\":[{{","data"{blank}:{blank}[{}],"warnings":["a]"]}}"#,
            elements.join(&format!(",{blank}"))
        );
        let found = decode(&body, chunk);
        let labels: Vec<Labels> = series.iter().map(|l| Labels::from_pairs((*l).clone())).collect();
        // A decoder sees names in the order of the body, a label set sorts them.
        let mut listed = found.series.unwrap();
        listed.iter_mut().for_each(|shape| shape.labels.sort());
        prop_assert_eq!(listed, ListedSeries::count(&labels));
        let around: serde_json::Value = serde_json::from_slice(&found.around).unwrap();
        prop_assert_eq!(&around["data"], &serde_json::json!([]));
        prop_assert_eq!(&around["warnings"][0], "a]");
    }

    #[test]
    fn nothing_makes_it_fall(text in "[\\[\\]{}\",:\\\\a ]{0,40}", chunk in 1_usize..8) {
        let whole = decode(&format!(r#"{{"data":[{text}"#), usize::MAX);
        let chunked = decode(&format!(r#"{{"data":[{text}"#), chunk);
        prop_assert_eq!(whole.series.is_ok(), chunked.series.is_ok());
    }
}

#[test]
fn what_is_broken_is_told_with_its_place() {
    let bodies = [
        r#"{"status":"success","data":[{"a":"b"},{"a":1}]}"#,
        r#"{"status":"success","data":[1]}"#,
        r#"{"status":"success","data":[{"a" "b"}]}"#,
        r#"{"status":"success","data":[{"a":"b"}"#,
        r#"{"status":"success","data":[{"a":"b"#,
        r#"{"data":[{"\ud800":"b"}]}"#,
    ];
    let told = bodies.map(|body| decode(body, 7).series.unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"), @r"
    the list of series is broken at byte 42: a label's value is a string
    the list of series is broken at byte 28: a series begins with `{`
    the list of series is broken at byte 33: `:` is expected
    the list of series is broken at byte 37: it ends within the list
    the list of series is broken at byte 35: it ends within the list
    the list of series is broken at byte 21: a label's name is no string
    ");
    let page = decode("<html>[1]</html>", 5);
    assert_eq!(page.around, b"<html>[1]</html>");
    assert_eq!(page.series, Ok(Vec::new()));
    let error = decode(
        r#"{"status":"error","errorType":"bad_data","error":"data:["}"#,
        3,
    );
    assert_eq!(error.series, Ok(Vec::new()));
}

#[test]
fn many_series_of_one_shape_take_the_place_of_one() {
    let body = |n: usize| {
        let one = r#"{"__name__":"DCGM_FI_DEV_GPU_UTIL","gpu":"0","pod":"a"}"#;
        format!(
            r#"{{"status":"success","data":[{}]}}"#,
            vec![one; n].join(",")
        )
    };
    let listed = decode(&body(1000), 4096).series.unwrap();
    let one = ListedSeries::new("DCGM_FI_DEV_GPU_UTIL", ["gpu", "pod"]);
    assert_eq!(listed, [ListedSeries { count: 1000, ..one }]);
}
