//! Any text is a query template or an error, and a template renders or fails without a panic.
#![no_main]

use concertina_rules::{QueryData, Template};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(template) = Template::parse(text) {
        let data = QueryData {
            series: "DCGM_FI_DEV_GPU_UTIL".to_owned(),
            label_matchers: "pod=~\"a|b\"".to_owned(),
            label_values_by_name: [("pod".to_owned(), "a|b".to_owned())].into(),
            group_by: "pod".to_owned(),
            group_by_slice: vec!["pod".to_owned()],
        };
        let _ = template.render(&data);
    }
});
