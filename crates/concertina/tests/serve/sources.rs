//! The walkthrough's rules end to end.

use crate::common::{EXPOSITION, Running, example_rules};
use crate::parts::{eventually, prometheus, stand_in};

/// Everything that the five rules give over [`EXPOSITION`], whatever the source.
fn answers_the_walkthrough(serving: &Running) {
    eventually("all five rules have found their series", || {
        let (_, body) = serving.metric("");
        let all = [
            r#""pods/DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO""#,
            r#""nodes/DCGM_FI_DEV_GPU_UTIL""#,
            r#""pods/DCGM_CUSTOM_PROCESS_SM_UTIL""#,
        ];
        all.iter().all(|name| body.contains(name)).then_some(())
    });
    let value = |path: &str| {
        let (status, body) = serving.metric(path);
        assert_eq!(status, 200, "{path}: {body}");
        let values = body.split(r#""value":""#).skip(1);
        values
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let pods = "/namespaces/default/pods";
    assert_eq!(
        value(&format!("{pods}/bert-a/DCGM_CUSTOM_PROCESS_SM_UTIL")),
        ["23"]
    );
    assert_eq!(
        value(&format!("{pods}/*/DCGM_CUSTOM_PROCESS_SM_UTIL")),
        ["23"]
    );
    assert_eq!(
        value("/namespaces/other/pods/*/DCGM_CUSTOM_PROCESS_SM_UTIL"),
        ["7"]
    );
    assert_eq!(
        value(&format!(
            "{pods}/bert-a/DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO"
        )),
        ["250m"]
    );
    assert_eq!(value("/nodes/gpu-1/DCGM_FI_DEV_GPU_UTIL"), ["22500m"]);
    let (status, body) = serving.metric(&format!("{pods}/bert-b/DCGM_CUSTOM_PROCESS_SM_UTIL"));
    assert_eq!(status, 404);
    assert!(body.contains("its sample is NaN"), "{body}");
    let (status, body) = serving.metric(&format!(
        "{pods}/*/DCGM_CUSTOM_PROCESS_SM_UTIL?labelSelector=app%3Dbert"
    ));
    assert_eq!(status, 500);
    assert!(
        body.contains("there is no cluster to tell which pods match"),
        "{body}"
    );
}

#[test]
fn scraped_without_a_prometheus() {
    let exporter = stand_in(|path| match path {
        "/metrics" => EXPOSITION.to_owned(),
        other => panic!("asked for {other}"),
    });
    let rules = example_rules();
    let mut serving = Running::start(&[
        "--config",
        &rules,
        "--scrape",
        &exporter,
        "--scrape-interval",
        "1s",
    ]);
    answers_the_walkthrough(&serving);
    assert_eq!(serving.terminate(), Some(0));
    assert!(serving.log().contains("stopping"), "{}", serving.log());
}

#[test]
fn what_was_found_stays_while_prometheus_is_down() {
    let ok = |data: &str| format!(r#"{{"status":"success","data":{data}}}"#);
    let series = r#"[{"__name__":"DCGM_FI_DEV_GPU_UTIL","NodeName":"n"}]"#;
    let broken = std::sync::atomic::AtomicBool::new(false);
    let source = stand_in(move |path| {
        // The first listing of each rule works, no later one does.
        if path.contains("DCGM_FI_DEV_GPU_UTIL") && path.starts_with("/api/v1/series") {
            return match broken.swap(true, std::sync::atomic::Ordering::Relaxed) {
                false => ok(series),
                true => "<html>bad gateway</html>".to_owned(),
            };
        }
        ok("[]")
    });
    let rules = example_rules();
    let args = [
        "--config",
        &rules,
        "--prometheus-url",
        &source,
        "--metrics-relist-interval=1s",
    ];
    let serving = Running::start(&args);
    eventually("a listing fails", || {
        let log = serving.log();
        log.contains("what was found before stays in use")
            .then_some(())
    });
    let (_, body) = serving.metric("");
    assert!(body.contains("nodes/DCGM_FI_DEV_GPU_UTIL"), "{body}");
}

#[test]
#[ignore = "needs Debian's prometheus"]
fn asked_from_a_real_prometheus() {
    let exporter = stand_in(|_| EXPOSITION.to_owned());
    let target = exporter.strip_prefix("http://").unwrap();
    let (_prometheus, url) = prometheus(target, "1s");
    // It starts while Prometheus does not answer yet, and recovers.
    let rules = example_rules();
    let serving = Running::start(&[
        "--config",
        &rules,
        "--prometheus-url",
        &url,
        "--metrics-relist-interval",
        "1m",
    ]);
    answers_the_walkthrough(&serving);
}
