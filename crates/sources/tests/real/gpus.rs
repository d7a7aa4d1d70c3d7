//! What the exporter shows of GPUs in each way that they are given to pods: both take every line of
//! it, and have the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use concertina_sources::exposition;

use crate::{Both, common, difference, elements};

/// The exporter's own record of its expositions, by name.
fn expositions() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exporter/tests/node/snapshots");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let name = file.strip_prefix("node__golden__");
        if let Some(name) = name.and_then(|name| name.strip_suffix(".snap")) {
            let text = std::fs::read_to_string(&path).unwrap();
            // A head between two lines of dashes stands before it.
            let (_, text) = text.split_once("\n---\n").unwrap();
            found.insert(name.to_owned(), text.to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Debian's prometheus"]
async fn every_line_of_every_exposition_is_taken() {
    let expositions = expositions();
    assert_eq!(expositions.len(), 7, "{:?}", expositions.keys());
    let pages = expositions.clone();
    let url = common::server(move |path| match pages.get(path.trim_start_matches('/')) {
        Some(text) => (200, text.clone()),
        None => (404, String::new()),
    })
    .await;
    let target = url.strip_prefix("http://").unwrap();
    let jobs: String = expositions
        .keys()
        .map(|name| {
            format!(
                "- job_name: {name}\n  metrics_path: /{name}\n  honor_labels: true\n  \
                 static_configs:\n  - targets: [\"{target}\"]\n"
            )
        })
        .collect();
    let config = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\nscrape_configs:\n{jobs}"
    );
    let both = Both::start("real-gpus", [&config, &config]).await;
    for (name, text) in &expositions {
        let lines = exposition::parse(text).unwrap().samples.len();
        let question = format!("{{job=\"{name}\",__name__=~\"DCGM_.*|concertina_.*\"}}");
        for round in 0.. {
            let answers = both.ask("query", &[("query", &question)]).await;
            let [theirs, ours] = answers.each_ref().map(elements);
            if theirs.len() == lines && theirs == ours {
                break;
            }
            let difference = difference(&theirs, &ours);
            let found = theirs.len();
            assert!(round < 150, "{name}: {found} of {lines}: {difference}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // The sum over a GPU's pods is what the GPU's processes use, with no part twice.
    let sums = [
        (
            "sum(DCGM_CUSTOM_PROCESS_SM_UTIL{job=\"time_sliced_by_four\"})",
            "60",
        ),
        (
            "sum(DCGM_FI_DEV_FB_USED{job=\"time_sliced_by_four\"})",
            "15000",
        ),
        (
            "sum(DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED{job=\"time_sliced_by_four\"})",
            "16160",
        ),
        ("sum(DCGM_FI_DEV_FB_USED{job=\"split_by_mig\"})", "3012"),
        (
            "count(DCGM_FI_DEV_GPU_UTIL{job=\"mixed_with_the_nodes_processes_hidden\"})",
            "2",
        ),
        ("max(DCGM_FI_DEV_XID_ERRORS{job=\"dying\"})", "79"),
    ];
    for (question, expected) in sums {
        for answer in both.ask("query", &[("query", question)]).await {
            let value = &answer["data"]["result"][0]["value"][1];
            assert_eq!(value, expected, "{question}");
        }
    }
}
