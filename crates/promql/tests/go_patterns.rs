//! Patterns as Go's `regexp` reads them: what it refuses, and what it finds. The cases were made at
//! random and recorded from Go 1.19.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use concertina_promql::{Expansion, GoPattern, GoRegex};
use serde_json::Value;

/// The places of the match and its groups in `text`, as Go lists them: two numbers for each, -1 for
/// a group that took no part.
fn find(pattern: &regex::Regex, text: &str, groups: usize) -> Option<Vec<i64>> {
    let captures = pattern.captures(text)?;
    let mut places = Vec::new();
    for number in 0..=groups {
        let found = captures.get(number);
        let place = |at: usize| i64::try_from(at).unwrap();
        places.push(found.map_or(-1, |group| place(group.start())));
        places.push(found.map_or(-1, |group| place(group.end())));
    }
    Some(places)
}

fn check(case: &Value) -> Result<(), String> {
    let written = case["pattern"].as_str().unwrap();
    let pattern = match (GoPattern::parse(written), case["error"] == true) {
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err(format!("{written:?} is accepted")),
        (Err(error), false) => return Err(error.to_string()),
        (Ok(pattern), false) => pattern,
    };
    let names: Vec<&str> = pattern.groups().map(Option::unwrap_or_default).collect();
    let expected: Vec<&str> = case["names"].as_array().map_or(Vec::new(), |names| {
        names.iter().map(|name| name.as_str().unwrap()).collect()
    });
    if names != expected {
        return Err(format!("{written:?} has the groups {names:?}"));
    }
    let regex = regex::RegexBuilder::new(pattern.as_rust())
        .size_limit(1 << 30)
        .build()
        .map_err(|error| format!("{written:?}, as {:?}: {error}", pattern.as_rust()))?;
    let found = case["found"].as_array().unwrap();
    for (text, expected) in case["texts"].as_array().unwrap().iter().zip(found) {
        let text = text.as_str().unwrap();
        let expected: Option<Vec<i64>> = serde_json::from_value(expected.clone()).unwrap();
        let found = find(&regex, text, names.len());
        if found != expected {
            return Err(format!(
                "{written:?}, as {:?}, in {text:?}: {found:?}, not {expected:?}",
                pattern.as_rust()
            ));
        }
        if text.is_empty() {
            let whole = GoPattern::anchored(written);
            let anchored = regex::Regex::new(&format!("^(?:{})$", pattern.as_rust()));
            if let (Ok(whole), Ok(anchored)) = (whole, anchored)
                && whole.matches_empty() != anchored.is_match("")
            {
                return Err(format!(
                    "{written:?}: {} for the empty text",
                    whole.matches_empty()
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn patterns_are_read_as_go_reads_them() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/go_patterns.jsonl"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() > 1000);
    let failed: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn what_go_has_since_1_19() {
    let matches = |pattern: &str, text: &str| GoRegex::new(pattern).unwrap().is_match(text);
    assert!(matches("(?<lib>a)", "a"));
    for pattern in [
        r"\p{letter}",
        r"\p{LC}",
        r"\p{lowercase-letter}",
        r"\p{ascii}",
        r"\p{latin}",
    ] {
        assert!(matches(pattern, "a"), "{pattern}");
        assert!(!matches(pattern, "٣"), "{pattern}");
    }
    assert!(matches(r"\p{old_italic}", "𐌀"));
    assert!(matches(r"^\p{Cn}$", "\u{378}"));
    for pattern in [r"\p{Latn}", r"\p{isGreek}", r"\p{Alphabetic}", r"\p{gc=L}"] {
        assert!(GoPattern::parse(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn a_name_of_several_groups_is_the_first_that_took_part() {
    let pattern = GoRegex::new("(?P<n>a)?(?P<n>b)(?P<1>c){0}").unwrap();
    assert_eq!(pattern.group_count(), 3);
    let expand = |text, to| pattern.expand(text, &Expansion::parse(to));
    assert_eq!(expand("ab", "$n$2").as_deref(), Some("ab"));
    assert_eq!(expand("b", "$n-$1-$3").as_deref(), Some("b--"));
    assert_eq!(expand("c", "$n"), None);
}

#[test]
fn anchors_stand_around_the_text_of_a_pattern() {
    let matches = |pattern: &str, text| GoRegex::anchored(pattern).map(|p| p.is_match(text));
    assert_eq!(matches("a|b", "ab"), Ok(false));
    assert_eq!(matches("(?i)a", "A"), Ok(true));
    // As upstream: the text is put between `^(?:` and `)$` before it is read.
    assert_eq!(matches("a)|(?:b", "cb"), Ok(true));
    let error = GoPattern::anchored(r"\Qa").unwrap_err();
    assert_eq!(error.column, Some(1));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let deep = "(".repeat(100) + "a" + &")*".repeat(100);
    let large = r"\pL".repeat(200);
    let patterns = [
        "ab(",
        "ab)",
        "a|*",
        "a**",
        "a{2}{3}",
        "a{1001}",
        "(a{100}){11}",
        "a{3,2}",
        "[a-",
        "[]",
        "[a--b]",
        "[[:foo:]]",
        r"é\é",
        r"\Z",
        r"\C",
        r"\2",
        r"[\b]",
        r"\y",
        r"\x{110000}",
        r"\",
        r"\p{Foo}",
        r"\p{L",
        "(?P<é>a)",
        "(?P<n",
        "(?=a)",
        "(?x)a",
        "(?i-)a",
        deep.as_str(),
        large.as_str(),
        r"a\pL{1000}",
    ];
    let told = patterns.map(|pattern| {
        let error = GoRegex::new(pattern).unwrap_err();
        let column = error.column.map_or_else(String::new, |c| c.to_string());
        let short: String = pattern.chars().take(20).collect();
        format!("{short} | {column} | {}", error.reason)
    });
    insta::assert_snapshot!(told.join("\n"), @r"
    ab( | 3 | the group has no closing `)`
    ab) | 3 | there is no group that `)` could close
    a|* | 3 | there is nothing that `*` could repeat
    a** | 3 | `*` repeats a repetition: put that into parentheses, `(?:…)*`
    a{2}{3} | 5 | `{3}` repeats a repetition: put that into parentheses, `(?:…){3}`
    a{1001} | 2 | Go repeats at most 1000 times
    (a{100}){11} | 9 | with the counts around and inside it, it repeats more than 1000 times
    a{3,2} | 2 | the counts of `{3,2}` go backwards
    [a- | 1 | the class has no closing `]`
    [] | 1 | the class has no closing `]`
    [a--b] | 2 | the range `a--` goes backwards
    [[:foo:]] | 2 | there is no class `[:foo:]`
    é\é | 2 | `é` needs no `\`
    \Z | 1 | `\Z` is none of Go's escapes: the end of the text is `\z`
    \C | 1 | `\C` is not supported: texts are characters
    \2 | 1 | `\2` refers to a group, which these patterns cannot
    [\b] | 2 | `\b` is no character in Go: write `\x08`
    \y | 1 | `\y` is none of Go's escapes
    \x{110000} | 1 | `\x` takes two hexadecimal digits, or any code up to 10FFFF in braces
    \ | 1 | nothing stands behind the last `\`
    \p{Foo} | 1 | `Foo` is no category or script of Unicode that Go knows
    \p{L | 1 | the name of the class has no closing `}`
    (?P<é>a) | 1 | the name of a group is letters, digits and `_`, with a `>` behind it
    (?P<n | 1 | the name of a group is letters, digits and `_`, with a `>` behind it
    (?=a) | 1 | Go's patterns cannot look ahead
    (?x)a | 1 | Go knows the groups `(…)`, `(?P<name>…)` and `(?:…)`, and the flags i, m, s and U
    (?i-)a | 1 | Go knows the groups `(…)`, `(?P<name>…)` and `(?:…)`, and the flags i, m, s and U
    (((((((((((((((((((( | 221 | it nests too deeply up to here
    \pL\pL\pL\pL\pL\pL\p |  | it takes too much memory
    a\pL{1000} |  | it takes too much memory
    ");
}
