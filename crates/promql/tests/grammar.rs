//! The grammar against expressions that Prometheus 2.42 accepted or refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use concertina_promql::{parse, parse_selector, same};
use concertina_testkit::{files, read, root};

#[test]
fn what_prometheus_accepts_is_accepted_and_what_it_refuses_is_refused() {
    let root = root(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for family in ["promql", "range"] {
        for file in files(&root, "promql", family, &["promql", "range", "series"]) {
            for case in read(&file) {
                seen += 1;
                let text = case.json["expr"].as_str().unwrap();
                let bad = case.json["error"]["type"] == "bad_data";
                if bad && family == "range" {
                    // Refused for its times or its type, which an instant query could answer.
                    continue;
                }
                match parse(text) {
                    Ok(_) if bad => wrong.push(format!("{}: {text}: accepted", case.id)),
                    Err(error) if !bad => wrong.push(format!("{}: {text}: {error}", case.id)),
                    Ok(expr) => {
                        let printed = expr.to_string();
                        let again = parse(&printed);
                        if !again.is_ok_and(|again| same(&again, &expr)) {
                            wrong.push(format!("{}: {text}: printed as {printed}", case.id));
                        }
                    }
                    Err(_) => {}
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {seen}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn mistakes_are_named_with_their_place() {
    let texts = [
        "",
        "sum(rate(requests[5m])",
        "avg(DCGM_FI_DEV_GPU_UTIL{gpu=0})",
        "sum(x) by (, PodName)",
        "rate(requests)",
        "rate(sum(x)[5m])",
        "sum(x) offset 5m",
        "1 > 2",
        "{a=~\".*\"}",
        "x{a=~\"(\"}",
        "x[1.5m]",
        "x > -1e400",
        "topk(x)",
        "nosuch(x)",
        "x{a=\"b\nc\"}",
        "x\n  + +\n  }",
    ];
    let errors = texts.map(|text| format!("{text:?} -> {}", error(text)));
    insta::assert_snapshot!(errors.join("\n"), @r#"
"" -> line 1, column 1: found the end, expected an expression
"sum(rate(requests[5m])" -> line 1, column 23: found the end, expected `,` or `)`
"avg(DCGM_FI_DEV_GPU_UTIL{gpu=0})" -> line 1, column 30: found `0`, expected a string in quotes
"sum(x) by (, PodName)" -> line 1, column 12: found `,`, expected a label name or `)`
"rate(requests)" -> line 1, column 6: argument 1 of `rate` must be a range vector, not an instant vector
"rate(sum(x)[5m])" -> line 1, column 12: a range must follow a selector; write [5m:] for a subquery
"sum(x) offset 5m" -> line 1, column 8: `offset` must follow a selector or a subquery
"1 > 2" -> line 1, column 1: a comparison of two numbers needs `bool` behind the operator
"{a=~\".*\"}" -> line 1, column 1: a selector needs at least one matcher that the empty text fails
"x{a=~\"(\"}" -> line 1, column 6: the pattern `(` cannot be used: the group has no closing `)` (column 1)
"x[1.5m]" -> line 1, column 3: `1.5m` is neither a number nor a duration
"x > -1e400" -> line 1, column 6: `1e400` is out of range; write Inf if it is meant
"topk(x)" -> line 1, column 1: `topk` takes 2 argument(s), 1 given
"nosuch(x)" -> line 1, column 1: there is no function `nosuch`
"x{a=\"b\nc\"}" -> line 1, column 7: a string must end on its line; use backquotes
"x\n  + +\n  }" -> line 3, column 3: found `}`, expected an expression
"#);
}

#[test]
fn nesting_and_length_are_bounded() {
    let nested = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(
        error(&nested),
        "line 1, column 129: nested deeper than 128 levels"
    );
    assert!(error(&"-".repeat(100_000)).contains("nested deeper"));
    assert!(error(&format!("1{}", "+1".repeat(100_000))).contains("more than 512 operators"));
    assert!(error(&format!("x{}", "[5m:]".repeat(100_000))).contains("operators"));
    let fits = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert!(parse(&fits).is_ok());
}

#[test]
fn a_series_selector_is_nothing_else() {
    assert_eq!(
        parse_selector("DCGM_FI_DEV_GPU_UTIL{}").unwrap().matchers,
        []
    );
    for text in ["sum(x)", "x[5m]", "x offset 5m", "(x)", "x @ 1"] {
        assert!(parse_selector(text).is_err(), "{text}");
    }
}
