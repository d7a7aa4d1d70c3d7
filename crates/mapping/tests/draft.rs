//! Drafts: what is written passes the lint, alone and against the series it was made from.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_mapping::draft::{Draft, draft, selector};
use concertina_mapping::known::{Flavour, METRICS};
use concertina_mapping::lint::{SeriesByQuery, check, check_with_series, series_queries};
use concertina_mapping::{ResourceTable, lint};
use concertina_model::Labels;
use concertina_promql::parse_selector;

fn labels(text: &str) -> Labels {
    let selector = parse_selector(text).unwrap();
    Labels::from_pairs(selector.all_matchers().map(|m| (m.label, m.value)))
}

/// The draft, after the lint has found nothing in it.
fn clean(series: &[Labels]) -> Draft {
    let draft = draft(series, "Prometheus at http://example");
    let known = ResourceTable::builtin();
    let found = check(&draft.text, &known).findings;
    assert!(found.is_empty(), "{found:#?}\n{}", draft.text);
    let listed: SeriesByQuery = series_queries(&draft.text)
        .into_iter()
        .map(|query| {
            let name = parse_selector(&query).unwrap().name.unwrap();
            let same = |labels: &&Labels| labels.metric_name() == Some(name.as_str());
            (query, Ok(series.iter().filter(same).cloned().collect()))
        })
        .collect();
    let found = check_with_series(&draft.text, &known, &listed).findings;
    assert!(found.is_empty(), "{found:#?}\n{}", draft.text);
    draft
}

#[test]
fn the_draft_of_an_exporter_scraped_without_honor_labels() {
    let own = r#"pod="dcgm-exporter-x7k",namespace="gpu-operator",container="exporter""#;
    let mut series = Vec::new();
    for (gpu, pod) in [("0", "bert-0"), ("1", "bert-0"), ("2", "bert-1")] {
        for name in [
            "DCGM_FI_DEV_GPU_UTIL",
            "DCGM_FI_DEV_FB_USED",
            "DCGM_FI_DEV_FB_FREE",
        ] {
            series.push(labels(&format!(
                r#"{name}{{gpu="{gpu}",exported_pod="{pod}",exported_namespace="ai",{own}}}"#
            )));
        }
    }
    series.push(labels(&format!(r#"DCGM_FI_DEV_GPU_UTIL{{gpu="3",{own}}}"#)));
    series.push(labels(&format!(r#"DCGM_FI_DEV_SM_CLOCK{{gpu="3",{own}}}"#)));
    series.push(labels(&format!(
        r#"DCGM_FI_PROF_GR_ENGINE_ACTIVE{{gpu="3",{own}}}"#
    )));
    insta::assert_snapshot!(clean(&series).text);
}

#[test]
fn every_metric_and_flavour_gives_a_draft_without_findings() {
    for flavour in Flavour::ALL {
        let series: Vec<Labels> = METRICS
            .iter()
            .map(|metric| {
                Labels::from_pairs([
                    ("__name__", metric.name),
                    (flavour.pod(), "bert-0"),
                    (flavour.namespace(), "ai"),
                    ("job", "gpu"),
                    ("instance", "10.0.0.1:9400"),
                ])
            })
            .collect();
        let draft = clean(&series);
        assert!(draft.rules > 25, "{flavour:?}: {}", draft.rules);
        assert!(
            draft
                .text
                .contains(&format!("{}: {{resource: pod}}", flavour.pod()))
        );
    }
}

#[test]
fn an_exporter_that_names_only_itself_gives_no_rule() {
    let own = r#"DCGM_FI_DEV_GPU_UTIL{gpu="0",pod="dcgm-exporter-x7k",namespace="gpu-operator"}"#;
    let draft = draft(&[labels(own)], "it");
    assert_eq!(draft.rules, 0);
    assert_eq!(
        draft.left_out,
        [("DCGM_FI_DEV_GPU_UTIL", "no series names a pod")]
    );
    let report = lint::check(&draft.text, &ResourceTable::builtin());
    assert_eq!(report.findings[0].kind.code(), "C003");
}

#[test]
fn the_selector_asks_for_every_known_name() {
    let parsed = parse_selector(&selector()).unwrap();
    assert!(
        parsed.matchers[0]
            .value
            .contains("|vllm:num_requests_waiting|")
    );
}
