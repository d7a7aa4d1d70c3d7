//! What a user is told about a wrong rule file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use concertina_rules::{ResourceQueries, RuleFile, compile};

#[test]
fn files_that_cannot_be_read() {
    let files = [
        "rules:\n- seriesQuery: up\n  seriesFilter: []\n",
        "Rules: []\n",
        "rules:\n- seriesQuery: up\n- metricsQuery: a\n  metricsQuery: b\n",
        "rules:\n- resources:\n    namespaced: \"true\"\n",
        "rules:\n- resources:\n    overrides:\n      pod: pods\n",
        "rules:\n  externalRules: []\n",
        "seriesQuery: up\n",
        "rules:\n- seriesQuery: {<<.Series>>}\n",
        "rules:\n\t- seriesQuery: up\n",
        "\trules: []\n",
        "resourceRules:\n  window: five\n",
        "[]\n",
        "rules: [\n",
    ];
    let told: Vec<String> = files
        .iter()
        .map(|file| RuleFile::parse(file).unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(told.join("\n\n"), @r###"
line 3, column 3: unknown key "seriesFilter"
  3 |   seriesFilter: []
    |   ^
  help: did you mean `seriesFilters`?

line 1, column 1: unknown key "Rules"
  1 | Rules: []
    | ^
  help: did you mean `rules`?

line 4, column 3: the key "metricsQuery" is there twice
  4 |   metricsQuery: b
    |   ^
  help: keep one of them

line 3, column 5: invalid type: string "true", expected true or false, without quotes
  3 |     namespaced: "true"
    |     ^

line 4, column 12: the label `pod` is mapped to a text
  4 |       pod: pods
    |            ^
  help: write `pod: {resource: pods}`

line 2, column 3: `externalRules` is not a rule
  2 |   externalRules: []
    |   ^
  help: it stands at the top of the file, without indentation, and not below another key: move `externalRules` to the first column

line 1, column 1: unknown key "seriesQuery"
  1 | seriesQuery: up
    | ^
  help: `seriesQuery` belongs to a rule: indent it as far as the other keys of the rule, below `- `

line 2, column 16: a value that begins with `{` is a mapping for YAML, not a text
  2 | - seriesQuery: {<<.Series>>}
    |                ^
  help: put it between single quotes: `seriesQuery: '{<<.Series>>}'`

line 2, column 2: tabs disallowed within this context (block indentation)
  2 | 	- seriesQuery: up
    |  ^
  help: YAML is indented with spaces, not with tabs

line 1, column 1: a tab cannot begin the file
  1 | 	rules: []
    | ^
  help: YAML is indented with spaces, not with tabs

line 2, column 11: `five` is no duration; write 30s, 5m or 1h30m (units y w d h m s ms, largest first)
  2 |   window: five
    |           ^

a list without any rule
  help: each rule begins with `- seriesQuery: …`

line 1, column 8: unclosed bracket '['
  1 | rules: [
    |        ^
"###);
}

#[test]
fn rules_that_do_not_compile() {
    let file = r#"
rules:
- metricsQuery: sum(<<.Series
- metricsQuery: <<.Serie>><<template "x">>
- seriesFilters: [{is: a, isNot: b}]
- seriesFilters: [{is: "a("}]
- seriesFilters: [{}]
- name: {matches: "(a", as: x}
- name: {matches: "(a)(b)"}
- name: {matches: "[a--b]"}
- resources: {template: "kube_<<.Kind>>"}
- seriesQuery: good
"#;
    let rules = compile(&RuleFile::parse(file).unwrap().rules);
    let told: Vec<String> = rules
        .iter()
        .map(|rule| match rule {
            Ok(rule) => format!("rule {} is good", rule.index() + 1),
            Err(error) => error.to_string(),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
rule 1 (line 3), metricsQuery: line 1, column 5: the action has no closing `>>`
rule 2 (line 4), metricsQuery: line 1, column 13: `template` is not supported in query templates
rule 3 (line 5), seriesFilters[0]: a filter has exactly one of `is` and `isNot`, this one has both
rule 4 (line 6), seriesFilters[0]: the pattern `a(` cannot be used: the group has no closing `)` (column 2)
rule 5 (line 7), seriesFilters[0]: a filter has exactly one of `is` and `isNot`, this one has none
rule 6 (line 8), name.matches: the pattern `(a` cannot be used: the group has no closing `)` (column 1)
rule 7 (line 9), name.as is missing: `matches` has 2 groups, so it is not clear which of them is the name; write for example `as: "$1"`
rule 8 (line 10), name.matches: the pattern `[a--b]` cannot be used: the range `a--` goes backwards (column 2)
rule 9 (line 11), resources.template: `<<.Kind>>` is not known here; a label is made of text, `<<.Group>>` and `<<.Resource>>`
rule 10 is good
"###);
}

#[test]
fn a_bare_list_is_read_as_rules() {
    let list = RuleFile::parse("- seriesQuery: up\n- seriesQuery: down\n").unwrap();
    assert_eq!(list.rules.len(), 2);
    assert_eq!((list.rules[0].line, list.rules[1].line), (1, 2));
    assert_eq!(RuleFile::parse("").unwrap(), RuleFile::default());
}

#[test]
fn resource_rules_that_do_not_compile() {
    let told = [
        "cpu: {containerQuery: 'sum(<<.Series'}",
        "cpu: {nodeQuery: '<<end>>'}",
        "memory: {resources: {template: 'kube_<<.Group>>'}}",
    ]
    .map(|rule| {
        let file = RuleFile::parse(&format!("resourceRules:\n  {rule}\n")).unwrap();
        let error = ResourceQueries::compile(&file.resource_rules.unwrap()).unwrap_err();
        error.to_string()
    });
    insta::assert_snapshot!(told.join("\n"));
}
