//! Rendering takes the memory of its output and no more.
#![allow(clippy::unwrap_used, reason = "tests")]

use allocation_counter::measure;
use concertina_rules::{QueryData, Template};

fn data(names: usize) -> QueryData {
    let names: Vec<String> = (0..names).map(|i| format!("inference-{i:05}")).collect();
    QueryData {
        series: "DCGM_CUSTOM_PROCESS_SM_UTIL".to_owned(),
        label_matchers: format!(r#"NamespaceName="default",PodName=~"{}""#, names.join("|")),
        group_by: "PodName".to_owned(),
        group_by_slice: vec!["PodName".to_owned()],
        ..QueryData::default()
    }
}

#[test]
fn a_query_of_text_and_fields_takes_one_allocation_of_its_own_length() {
    let templates = [
        "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
        "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>) / sum(all{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
    ];
    for template in templates.map(|text| Template::parse(text).unwrap()) {
        for names in [1, 100, 1000] {
            let data = data(names);
            let mut query = String::new();
            let taken = measure(|| query = template.render(&data).unwrap());
            assert_eq!(taken.count_total, 1);
            assert_eq!(taken.bytes_total, u64::try_from(query.len()).unwrap());
        }
    }
}

#[test]
fn actions_take_a_bounded_number_of_allocations() {
    let text = r#"<<if .GroupBySlice>>sum(<<.Series>>{<<.LabelMatchers>>}) by (<<range $i, $l := .GroupBySlice>><<if $i>>,<<end>><<$l>><<end>>)<<end>>"#;
    let template = Template::parse(text).unwrap();
    let count = |names| {
        let data = data(names);
        measure(|| assert!(template.render(&data).is_ok())).count_total
    };
    // What depends on the output is only how often it grows.
    assert!(count(1) <= 8, "{}", count(1));
    assert!(count(1000) <= count(1) + 12, "{}", count(1000));
}
