//! What must hold for every template, and the texts of its errors.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_rules::{QueryData, Template};
use proptest::prelude::*;

fn data() -> QueryData {
    QueryData {
        series: "requests".to_owned(),
        label_matchers: "pod=\"a\"".to_owned(),
        label_values_by_name: [("pod".to_owned(), "a".to_owned())].into(),
        group_by: "pod".to_owned(),
        group_by_slice: vec!["pod".to_owned()],
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    let templates = [
        "sum(<<.Series)",
        "sum(<<.Series>>)\n  by (<<.GroupBy | upper>>)",
        "<<if .Series>>x",
        "<<end>>",
        "<<$x>>",
        "<<printf \"%5s\" .Series>>",
        "<<template \"x\">>",
        "<<1.5>>",
        "<<.Series | \"x\">>",
        "<<break>>",
        "<<$x = 1>>",
        "<<$x := ($x).a>>",
        "<<range $v = .GroupBySlice>><<end>>",
        "<<$i := 0>><<range $i, $v = .GroupBySlice>><<end>>",
    ];
    let errors =
        templates.map(|text| format!("{text:?} -> {}", Template::parse(text).unwrap_err()));
    insta::assert_snapshot!(errors.join("\n"), @r##"
"sum(<<.Series)" -> line 1, column 5: the action has no closing `>>`
"sum(<<.Series>>)\n  by (<<.GroupBy | upper>>)" -> line 2, column 20: there is no function `upper`
"<<if .Series>>x" -> line 1, column 16: `if` has no `end`
"<<end>>" -> line 1, column 6: `end` without an action that it ends
"<<$x>>" -> line 1, column 3: `$x` is not declared
"<<printf \"%5s\" .Series>>" -> line 1, column 23: `%5` in printf is not supported in query templates
"<<template \"x\">>" -> line 1, column 3: `template` is not supported in query templates
"<<1.5>>" -> line 1, column 3: a floating-point number is not supported in query templates
"<<.Series | \"x\">>" -> line 1, column 16: a literal cannot take the value of the stage before it
"<<break>>" -> line 1, column 3: `break` outside of a `range`
"<<$x = 1>>" -> line 1, column 3: `$x` is not declared: `:=` declares it
"<<$x := ($x).a>>" -> line 1, column 10: `$x` is not declared
"<<range $v = .GroupBySlice>><<end>>" -> line 1, column 9: `$v` is not declared: `:=` declares it
"<<$i := 0>><<range $i, $v = .GroupBySlice>><<end>>" -> line 1, column 24: `$v` is not declared: `:=` declares it
"##);
}

#[test]
fn failures_say_why() {
    let templates = [
        "<<.LabelMatchersByName>>",
        "<<index .GroupBySlice 3>>",
        "<<eq .Series 1>>",
        "<<.Series \"x\">>",
        "<<range .Series>><<end>>",
    ];
    let errors = templates.map(|text| {
        format!(
            "{text:?} -> {}",
            Template::parse(text).unwrap().render(&data()).unwrap_err()
        )
    });
    insta::assert_snapshot!(errors.join("\n"), @r##"
"<<.LabelMatchersByName>>" -> the template fails: there is no field `.LabelMatchersByName`; there are .Series, .LabelMatchers, .LabelValuesByName, .GroupBy and .GroupBySlice
"<<index .GroupBySlice 3>>" -> the template fails: index 3 is out of range, the length is 1
"<<eq .Series 1>>" -> the template fails: cannot compare a string with a int
"<<.Series \"x\">>" -> the template fails: an argument is given to something that is no function
"<<range .Series>><<end>>" -> the template fails: cannot range over a string
"##);
}

proptest! {
    #[test]
    fn plain_text_renders_itself(text in "[^<]{0,60}") {
        prop_assert_eq!(Template::parse(&text).unwrap().render(&data()).unwrap(), text);
    }

    #[test]
    fn any_text_is_a_template_or_an_error(
        text in "\\PC{0,60}",
        near in "(<<|>>|<<-| ->>|if|else|end|range|with|\\.Series|\\.GroupBySlice|\\$x|:=|=|,|\\||\\(|\\)| |\"a\"|1|index|printf|not){0,24}",
    ) {
        for text in [text, near] {
            if let Ok(template) = Template::parse(&text) {
                let _ = template.render(&data());
            }
        }
    }
}
