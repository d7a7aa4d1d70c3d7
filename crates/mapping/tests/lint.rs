//! Every finding has a file that has it and one that has not: `tests/findings/`. The page
//! `docs/findings.md` is made of the kinds and these files; with `UPDATE_DOCS=1` it is written.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use concertina_mapping::lint::{FindingKind, Level, Report, check, check_with_series};
use concertina_mapping::{ResourceTable, lint};
use held::{listing, store};

mod held;

fn example(kind: FindingKind, what: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/findings");
    std::fs::read_to_string(folder.join(format!("{}.{what}", kind.code()))).ok()
}

fn report(kind: FindingKind, text: &str) -> Report {
    let known = ResourceTable::builtin();
    match example(kind, "series") {
        None => check(text, &known),
        Some(series) => check_with_series(text, &known, &listing(text, &store(&series))),
    }
}

#[test]
fn every_finding_has_a_file_that_has_it_and_one_that_has_not() {
    for &kind in FindingKind::ALL {
        let code = kind.code();
        let bad = example(kind, "bad.yaml").unwrap_or_else(|| panic!("{code}: no bad example"));
        let good = example(kind, "good.yaml").unwrap_or_else(|| panic!("{code}: no good example"));
        let found: Vec<FindingKind> = report(kind, &bad).findings.iter().map(|f| f.kind).collect();
        assert!(found.contains(&kind), "{code}: found {found:?} in\n{bad}");
        let found = report(kind, &good).findings;
        assert!(found.is_empty(), "{code}: found {found:#?} in\n{good}");
    }
}

#[test]
fn kinds_are_numbered_in_order_and_say_something() {
    let codes: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.code()).collect();
    let distinct: BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(codes, distinct.into_iter().collect::<Vec<_>>());
    for &kind in FindingKind::ALL {
        for text in [kind.explanation(), kind.fix()] {
            assert!(
                text.ends_with('.') && text.len() > 20,
                "{}: {text}",
                kind.code()
            );
        }
        assert_eq!(FindingKind::by_code(kind.code()), Some(kind));
        let json = serde_json::to_string(&kind).unwrap();
        assert_eq!(serde_json::from_str::<FindingKind>(&json).unwrap(), kind);
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Findings of `concertina check`\n\n\
         Each finding has a number that never changes its meaning. *Error*: it cannot work. \
         *Warning*: it works, and has a trap. C040 and above need `--prometheus-url`.\n\n\
         | | level | finding |\n|---|---|---|\n",
    );
    for &kind in FindingKind::ALL {
        let (code, anchor) = (kind.code(), kind.code().to_lowercase());
        let _ = writeln!(
            page,
            "| [{code}](#{anchor}) | {} | {} |",
            kind.level(),
            kind.title()
        );
    }
    for &kind in FindingKind::ALL {
        let level = match kind.level() {
            Level::Error => "Error",
            _ => "Warning",
        };
        let _ = write!(
            page,
            "\n## {}\n\n**{level}: {}.** {}\n\n*Fix.* {}\n\n",
            kind.code(),
            kind.title(),
            kind.explanation(),
            kind.fix()
        );
        let bad = example(kind, "bad.yaml").unwrap();
        let good = example(kind, "good.yaml").unwrap();
        if let Some(series) = example(kind, "series") {
            let _ = write!(page, "With these series:\n\n```text\n{series}```\n\n");
        }
        let _ = write!(
            page,
            "Has it:\n\n```yaml\n{bad}```\n\nHas it not:\n\n```yaml\n{good}```\n"
        );
    }
    page
}

#[test]
fn the_page_of_findings_is_up_to_date() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/findings.md is not what the code says: run this test with UPDATE_DOCS=1"
    );
}

fn lines(text: &str) -> String {
    let report = lint::check(text, &ResourceTable::builtin());
    let line =
        |f: &lint::Finding| format!("{}:{} {} {}", f.line, f.column, f.kind.code(), f.message);
    report
        .findings
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_walkthroughs_rules_have_these_findings_and_no_others() {
    let text = include_str!("../../../examples/bert-intent-detection/rules.yaml");
    insta::assert_snapshot!(lines(text), @r#"
    6:3 C027 the rule serves nodes only
    24:3 C027 the rule serves nodes only
    41:3 C021 `DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED` is read without the request's matchers: values of other namespaces count in
    "#);
}

/// The rules of prometheus-adapter's documented sample configuration, written so that they can be
/// read at all: as published, the file has commas behind flow mappings in block lists, double
/// quotes inside double-quoted texts and the key `metricQuery`.
const SAMPLE: &str = r#"
rules:
- seriesQuery: '{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}'
  resources:
    overrides:
      namespace: {resource: namespace}
      pod: {resource: pod}
  name: {matches: "^container_(.*)_seconds_total$"}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>,container!="POD"}[2m])) by (<<.GroupBy>>)'
- seriesQuery: '{__name__=~"^container_.*_total",container!="POD",namespace!="",pod!=""}'
  resources:
    overrides:
      namespace: {resource: namespace}
      pod: {resource: pod}
  seriesFilters:
  - isNot: "^container_.*_seconds_total$"
  name: {matches: "^container_(.*)_total$"}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>,container!="POD"}[2m])) by (<<.GroupBy>>)'
- seriesQuery: '{namespace!="",__name__!="^container_.*"}'
  name: {matches: "^(.*)_total$"}
  resources: {template: "<<.Resource>>"}
  metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>,container!="POD"}[2m])) by (<<.GroupBy>>)'
- seriesQuery: 'cheddar{sharp="true"}'
  name: {as: cheesy_goodness}
  resources: {overrides: {brand: {group: cheese.io, resource: brand}}}
  metricsQuery: 'count(cheddar{sharp="true"})'
externalRules:
- seriesQuery: '{__name__="queue_consumer_lag",name!=""}'
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (name)
- seriesQuery: '{__name__="queue_depth",topic!=""}'
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (name)
  resources: {namespaced: false}
"#;

#[test]
fn the_documented_sample_has_these_findings_and_no_others() {
    insta::assert_snapshot!(lines(SAMPLE), @r#"
    19:3 C017 `__name__!="^container_.*"` compares with the text `^container_.*` itself
    21:3 C026 the template `<<.Resource>>` takes `job` for jobs.batch, `service` for services
    26:3 C020 the label of brand.cheese.io is gone from the result
    28:3 C022 the metric cannot be asked for: a request has a namespace, and the rule has no label for it
    "#);
}

/// The mistakes that documentation on the web publishes: each gives one finding, which names the
/// cause and what to do.
#[test]
fn a_broken_file_that_is_published_gives_one_finding() {
    let rule = "- seriesQuery: up\n  metricsQuery: sum(up) by (pod)\n";
    let files = [
        (
            format!("rules:\n{}", rule.replace("  metrics", " metrics")),
            "C001 `metricsQuery` begins 1 column to the left of the other keys of its rule, `- seriesQuery: up`",
            "all keys of a rule begin in the same column",
        ),
        (
            format!(
                "rules:\n{}",
                rule.replace("sum(up)", "\"sum(up{a=\"b\"})\" #")
            ),
            "C001 the text in double quotes ends at the next `\"`, which is inside of it",
            "put it between single quotes: ",
        ),
        (
            format!("rules:\n{rule}  externalRules:\n  - seriesQuery: up\n"),
            "C002 unknown key \"externalRules\"",
            "`externalRules` stands at the top of the file, without indentation",
        ),
        (
            "rules:\n  externalRules:\n  - seriesQuery: up\n".to_owned(),
            "C001 `externalRules` is not a rule",
            "it stands at the top of the file, without indentation",
        ),
        (
            format!("Rules:\n{rule}"),
            "C002 unknown key \"Rules\"",
            "did you mean `rules`?",
        ),
    ];
    for (text, cause, help) in files {
        let findings = check(&text, &ResourceTable::builtin()).findings;
        let [finding] = findings.as_slice() else {
            panic!("{findings:#?} in\n{text}");
        };
        let told = format!("{} {}", finding.kind.code(), finding.message);
        assert_eq!(told, cause, "in\n{text}");
        assert!(finding.help.starts_with(help), "{}", finding.help);
        assert!(finding.line > 0 && finding.column > 0, "in\n{text}");
    }
}

/// What is no YAML is told as such in every form, and not as what the form that is tried last makes
/// of it.
#[test]
fn a_broken_file_names_its_cause_in_every_form() {
    const MANIFEST: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  config.yaml: ";
    const QUOTES: &str = "the text in double quotes ends at the next `\"`, which is inside of it";
    const TAB: &str = "a tab is part of the indentation";
    const MARGIN: &str = "`metricsQuery` begins 1 column to the left of the other keys of its rule, `- seriesQuery: up`";
    let quotes = "- seriesQuery: up\n  metricsQuery: \"sum(up{a=\"b\"}) by (pod)\"\n";
    let tab = "- seriesQuery: up\n\tmetricsQuery: sum(up) by (pod)\n";
    let margin = "- seriesQuery: up\n metricsQuery: sum(up) by (pod)\n";
    let indented = |text: &str| text.replace("- ", "    - ").replace("\n ", "\n     ");
    let mut files = Vec::new();
    for (rules, cause) in [(quotes, QUOTES), (tab, TAB), (margin, MARGIN)] {
        files.push((format!("rules:\n{rules}"), cause));
        let values = format!("rules:\n  default: false\n  custom:\n{}", indented(rules));
        files.push((format!("image: {{tag: v1}}\n{values}"), cause));
        files.push((values, cause));
        // The item ends where the margin of a bare list is left.
        if cause != MARGIN {
            files.push((rules.to_owned(), cause));
        }
        if cause == QUOTES {
            files.push((
                format!("{MANIFEST}|\n    rules:\n{}", indented(rules)),
                cause,
            ));
        }
    }
    files.push((format!("{MANIFEST}|\n\trules:\n"), TAB));
    files.push((
        format!("{MANIFEST}\"rules:\n"),
        "the quote that begins here is not closed",
    ));
    files.push((
        format!("{MANIFEST}|\nrules:\n{quotes}").replace("a=\"b\"", ""),
        "`rules` stands beside `data`, and not in a text below it",
    ));
    for (text, cause) in files {
        let findings = check(&text, &ResourceTable::builtin()).findings;
        let [finding] = findings.as_slice() else {
            panic!("{findings:#?} in\n{text}");
        };
        assert_eq!(finding.message, cause, "in\n{text}");
        assert_eq!(finding.kind.code(), "C001");
        assert!(finding.line > 0 && finding.column > 0, "in\n{text}");
    }
}

/// What a finding says besides its kind, for mistakes that are easily made.
#[test]
fn what_is_told_of_mistakes_in_names_and_queries() {
    let by_pod = "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";
    let rule = |series: &str, name: &str, query: &str| {
        format!(
            "rules:\n- seriesQuery: \"{series}\"\n  resources: {{overrides: {{namespace: {{resource: \
             namespace}}, pod: {{resource: pod}}}}}}\n  name: {{{name}}}\n  metricsQuery: '{query}'\n"
        )
    };
    let told = [
        rule("x", "as: a/b", by_pod),
        rule("x", "matches: ^y", by_pod),
        rule("x", "matches: (.*), as: $1_rate", by_pod),
        rule("x", "matches: (.*), as: '${2}_rate'", by_pod),
        rule("x", "matches: '(?P<of>.*)', as: '${off}_rate'", by_pod),
        rule("", "", by_pod),
        rule("x{a='}", "", by_pod),
        rule(
            "x",
            "",
            "sum({{.Series}}{ {{.LabelMatchers}} }) by ({{ .GroupBy }})",
        ),
        rule("x", "", "sum(<.Series>{<.LabelMatchers>}) by (<.GroupBy>)"),
        rule("x", "", "sum(<<Series>>)"),
        rule(
            "x",
            "",
            "sum(<<.Series>>{<<.LabelMatchers>>) by (<<.GroupBy>>)",
        ),
        rule(
            "x",
            "",
            "sum(a{<<.LabelMatchers>>}) + sum(b{<<.LabelMatchers>>}) of (c)",
        ),
        rule(
            "x",
            "",
            "sum(a{pod=~\"(<<index .LabelValuesByName \"pod\">>\"})",
        ),
    ]
    .map(|text| {
        let findings = check(&text, &ResourceTable::builtin()).findings;
        let told = findings
            .iter()
            .map(|f| format!("{} {}\n  {}", f.kind.code(), f.message, f.help));
        told.collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(told.join("\n"));
    let long = rule("x", "", &"(".repeat(100_000));
    let findings = check(&long, &ResourceTable::builtin()).findings;
    assert!(findings.iter().all(|finding| finding.message.len() < 1000));
}

/// The same rules in every form that is read.
#[test]
fn findings_do_not_depend_on_the_form() {
    let known = ResourceTable::builtin();
    let rules = include_str!("../../../examples/bert-intent-detection/rules.yaml");
    let list = rules.split_once("rules:\n").unwrap().1.to_owned();
    let indented = |by: &str| -> String {
        let lines = list.lines().map(|line| format!("{by}{line}\n"));
        lines.collect()
    };
    let forms = [
        (rules.to_owned(), "a prometheus-adapter configuration"),
        (list.clone(), "a bare list of rules"),
        (
            format!(
                "kind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  config.yaml: |\n    rules:\n{}",
                indented("    ")
            ),
            "the ConfigMap `x`, key `config.yaml`",
        ),
        (
            format!("rules:\n  default: false\n  custom:\n{}", indented("  ")),
            "values of the Helm chart",
        ),
    ];
    let place = |text: &str, line: u32| {
        let at = usize::try_from(line).unwrap() - 1;
        text.lines().nth(at).map(|line| line.trim().to_owned())
    };
    let mut told = BTreeSet::new();
    for (text, form) in forms {
        let report = check(&text, &known);
        assert_eq!(report.form.as_deref(), Some(form));
        assert_eq!((report.rules, report.findings.len()), (5, 3), "{text}");
        let findings = report.findings.iter();
        let lines = findings.map(|f| (f.kind.code(), f.rule.unwrap().number, place(&text, f.line)));
        told.insert(lines.collect::<Vec<_>>());
    }
    assert_eq!(told.len(), 1, "{told:#?}");
}
