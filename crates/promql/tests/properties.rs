//! What must hold for every text.

use concertina_promql::{GoPattern, GoRegex, format_duration, parse, parse_duration, quote, same};
use proptest::prelude::*;

/// Expressions that hang together often enough to be accepted often.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("up".to_owned()),
        Just("x{a=\"b\",c!~\"d.+\"} offset -5m".to_owned()),
        Just("1.5e3".to_owned()),
        Just("{__name__=~\"a|b\"} @ 17.25".to_owned()),
        Just("rate(x[5m] offset 1h30m)".to_owned()),
        Just("max_over_time(sum(x)[10m:1m] @ end())".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let ops = prop::sample::select(vec![
            "+",
            "-",
            "*",
            "/",
            "%",
            "^",
            "==",
            "> bool",
            "and",
            "or",
            "unless",
            "atan2",
            "* on (a) group_left (b)",
            "/ ignoring (a)",
        ]);
        prop_oneof![
            (inner.clone(), ops, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("sum by (a, b) ({a})")),
            inner
                .clone()
                .prop_map(|a| format!("topk(3, {a}) without ()")),
            inner.prop_map(|a| format!("label_replace({a}, \"a\", \"$1\", \"b\", \"(.*)\")")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(text in expression()) {
        if let Ok(expr) = parse(&text) {
            let printed = expr.to_string();
            let again = parse(&printed);
            prop_assert!(again.is_ok_and(|again| same(&again, &expr)), "{}", printed);
        }
    }

    #[test]
    fn any_text_is_an_expression_or_an_error(text in "\\PC{0,60}", near in "[a-c(){}\\[\\]=~!\"'0-9m:, @+*^-]{0,40}") {
        for text in [text, near] {
            match parse(&text) {
                Ok(expr) => prop_assert!(parse(&expr.to_string()).is_ok()),
                Err(error) => prop_assert!(error.offset <= text.len()),
            }
        }
    }

    #[test]
    fn quoting_keeps_the_text(text in "\\PC{0,20}[\\x00-\\x7f]{0,10}") {
        let selector = format!("x{{a={}}}", quote(&text));
        let parsed = concertina_promql::parse_selector(&selector);
        let values: Vec<_> = parsed.into_iter().flat_map(|s| s.matchers).map(|m| m.value).collect();
        prop_assert_eq!(values, vec![text]);
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error_with_a_place(
        text in "\\PC{0,20}",
        near in "([a-ck|^$.*+?(){}\\[\\]-]|\\\\[a-zA-Z]|\\(\\?[imsU-]{0,3}[:)]|\\{[0-9],?[0-9]?\\}|\\[:alpha:\\]){0,20}",
    ) {
        for text in [text, near] {
            match GoPattern::parse(&text) {
                Ok(pattern) => {
                    let hir = regex_syntax::parse(pattern.as_rust());
                    prop_assert!(hir.is_ok(), "{:?}", hir);
                    let found = GoRegex::anchored(&text).map(|regex| regex.is_match(""));
                    let empty = GoPattern::anchored(&text).map(|pattern| pattern.matches_empty());
                    prop_assert!(found.is_err() || found == empty);
                }
                Err(error) => {
                    let column = error.column.unwrap_or_default();
                    prop_assert!((1..=text.chars().count() + 1).contains(&column));
                }
            }
        }
    }

    #[test]
    fn an_escaped_text_is_itself(text in "\\PC{0,20}") {
        let pattern = GoRegex::anchored(&regex_syntax::escape(&text)).unwrap();
        prop_assert!(pattern.is_match(&text));
        let longer = text + "x";
        prop_assert!(!pattern.is_match(&longer));
    }

    #[test]
    fn durations_read_back(millis in 0_u64..10_000_000_000_000) {
        let duration = std::time::Duration::from_millis(millis);
        match parse_duration(&format_duration(duration)) {
            Ok(back) => prop_assert_eq!(back, duration),
            Err(_) => prop_assert!(millis > 9_223_372_036_854),
        }
    }
}
