//! Scrape configurations: what they say, and why they are refused.
#![cfg(feature = "scrape")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use concertina_http::ClientOptions;
use concertina_sources::scrape::{ScrapeConfig, ScrapeConfigError};

fn parse(yaml: &str) -> Result<ScrapeConfig, ScrapeConfigError> {
    ScrapeConfig::parse(yaml, Path::new("/etc/x"), &ClientOptions::default())
}

const WHOLE: &str = r#"
global:
  scrape_interval: 30s
  scrape_timeout: 20s
scrape_configs:
- job_name: dcgm
  scrape_interval: 1s
  honor_labels: true
  honor_timestamps: false
  metrics_path: /gpu/metrics
  params: {collect: [gpu, mig], plain: ["1"]}
  authorization: {credentials_file: token}
  sample_limit: 500
  body_size_limit: 2MB
  label_limit: 30
  static_configs:
  - targets: [node-0:9400, node-1, "[::1]:9400", "[::1]", node-0:9400, spare:1]
    labels: {cluster: a, rack: 7}
  relabel_configs:
  - source_labels: [__address__]
    regex: spare:.*
    action: drop
  - source_labels: [__address__]
    regex: node-(\d+).*
    target_label: node
  - source_labels: [node]
    regex: "1"
    target_label: __param_collect
    replacement: one gpu
  metric_relabel_configs:
  - {regex: exported_.*, action: labeldrop}
- job_name: itself
  static_configs: [{targets: [localhost:9090], labels: {instance: me, __scrape_timeout__: 5s}}]
"#;

#[test]
fn jobs_become_targets() {
    let config = parse(WHOLE).unwrap();
    let told = config.targets.iter().map(|(target, options)| {
        format!(
            "{} {} every {:?} within {:?}",
            target.url, target.labels, options.interval, options.timeout
        )
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
http://node-0:9400/gpu/metrics?collect=gpu&collect=mig&plain=1 {cluster="a", instance="node-0:9400", job="dcgm", node="0", rack="7"} every 1s within 1s
http://node-1:80/gpu/metrics?collect=one%20gpu&collect=mig&plain=1 {cluster="a", instance="node-1:80", job="dcgm", node="1", rack="7"} every 1s within 1s
http://[::1]:9400/gpu/metrics?collect=gpu&collect=mig&plain=1 {cluster="a", instance="[::1]:9400", job="dcgm", rack="7"} every 1s within 1s
http://[::1]:80/gpu/metrics?collect=gpu&collect=mig&plain=1 {cluster="a", instance="[::1]:80", job="dcgm", rack="7"} every 1s within 1s
http://localhost:9090/metrics {instance="me", job="itself"} every 30s within 5s
"#);
    let (_, options) = &config.targets[0];
    assert!(options.honor_labels && !options.honor_timestamps);
    assert_eq!(
        (options.max_samples, options.max_body_bytes),
        (500, 2 << 20)
    );
    assert_eq!(options.label_limits.labels, Some(30));
    assert!(!options.metric_relabeling.is_empty());
    insta::assert_snapshot!(format!("{:?}", options.client.authorization), @r#"
Scheme { scheme: "Bearer", credentials: File("/etc/x/token") }
"#);
}

#[test]
fn what_is_not_known_or_cannot_be_is_refused_with_its_place() {
    let job = |text: &str| format!("scrape_configs:\n- job_name: a\n  {text}\n");
    let target = |text: &str| {
        job(&format!(
            "{text}\n  static_configs: [{{targets: [\"n:1\"]}}]"
        ))
    };
    let told = [
        "global: {evaluate: 1m}".to_owned(),
        job("consul_sd_configs: []"),
        job("kubernetes_sd_configs: [{role: pod}]"),
        job("kubernetes_sd_configs: [{namespaces: {}}]"),
        job("kubernetes_sd_configs: [{role: node, api_server: \"http://a\"}]"),
        job("kubernetes_sd_configs: [{role: pod, api_server: a}]"),
        job("kubernetes_sd_configs:\n  - role: pod\n    api_server: http://a\n    selectors: [{role: service}]"),
        job("scrape_interval: soon"),
        job("sample_limit: -1"),
        job("body_size_limit: 5 potatoes"),
        "scrape_configs:\n- scheme: http\n".to_owned(),
        "scrape_configs:\n- job_name: a\n- job_name: a\n".to_owned(),
        job("relabel_configs:\n  - {action: keep}\n  - {action: hashmod, target_label: x}"),
        job("metric_relabel_configs: [{action: remap}]"),
        job("follow_redirects: true"),
        job("bearer_token_file: a\n  basic_auth: {username: b}"),
        job("authorization: {type: Basic}"),
        job("authorization: {credentials: a, credentials_file: b}"),
        job("static_configs: [{targets: [\"http://n:1\"]}]"),
        job("static_configs: [{targets: [\"n:1\"], labels: {a-b: c}}]"),
        target("scheme: gopher"),
        target("scrape_interval: 1s\n  scrape_timeout: 2s"),
        target("scrape_interval: 0s"),
        job("target_limit: 1\n  static_configs: [{targets: [\"n:1\", \"n:2\"]}]"),
        "scrape_configs: [".to_owned(),
    ]
    .map(|yaml| match parse(&yaml) {
        Ok(config) => format!("{} targets", config.targets.len()),
        Err(error) => error.to_string(),
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
line 1, column 10: unknown field `evaluate`, expected one of scrape_interval, scrape_timeout, evaluation_interval, external_labels, query_log_file
line 3, column 3: unknown field `consul_sd_configs`, expected one of job_name, scrape_interval, scrape_timeout, metrics_path, scheme, params, honor_labels, honor_timestamps, follow_redirects, basic_auth, authorization, bearer_token, bearer_token_file, tls_config, static_configs, kubernetes_sd_configs, relabel_configs, metric_relabel_configs, body_size_limit, sample_limit, target_limit, label_limit, label_name_length_limit, label_value_length_limit
line 3, job `a`, kubernetes_sd_configs: without api_server it must run in a cluster, and KUBERNETES_SERVICE_HOST is not set
line 3, job `a`, kubernetes_sd_configs: it needs a role: pod or endpoints
line 3, job `a`, kubernetes_sd_configs: role `node` is not known here; use pod or endpoints
line 3, job `a`, kubernetes_sd_configs: `a` is no usable URL: it must start with http:// or https:// and name a host
line 4, job `a`, kubernetes_sd_configs: selectors: role `service` is none of pod
line 3, column 20: `soon` is no duration; write 30s, 5m or 1h30m (units y w d h m s ms, largest first)
line 3, column 17: invalid u64
line 3, column 20: `5 potatoes` is no size; write 512KB or 16MB
line 2, job ``: it needs a job_name
line 3, job `a`: there is another job of this name: give it one of its own
line 5, job `a`, rule 2 of relabel_configs: hashmod needs modulus
line 3, job `a`, rule 1 of metric_relabel_configs: `remap` is no action; these are: replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase
line 2, job `a`: redirects are never followed: leave follow_redirects out, or say false
line 2, job `a`: give one of basic_auth, authorization, bearer_token and bearer_token_file
line 2, job `a`: authorization: for Basic there is basic_auth
line 2, job `a`: authorization: give one of credentials and credentials_file
line 2, job `a`, target `http://n:1`: `http://n:1` is no HOST:PORT; the path stands in metrics_path, the scheme in scheme
line 2, job `a`, target `n:1`: `a-b` is no name of a label
line 2, job `a`, target `n:1`: scheme `gopher` is neither http nor https
line 2, job `a`, target `n:1`: it is scraped every 1s within 2s: both must be above 0, and scrape_timeout at most scrape_interval
line 2, job `a`, target `n:1`: it is scraped every 0s within 0s: both must be above 0, and scrape_timeout at most scrape_interval
line 2, job `a`: 2 targets, and target_limit is 1
line 1, column 17: unclosed bracket '['
"#);
}

#[test]
fn nothing_to_scrape_is_no_mistake() {
    for yaml in ["", "global: {scrape_interval: 5s}", "scrape_configs: []"] {
        assert!(parse(yaml).unwrap().targets.is_empty(), "{yaml}");
    }
}

#[test]
fn the_rest_of_a_configuration_of_prometheus_is_named_and_has_no_effect() {
    let yaml = "
global:
  evaluation_interval: 1m
  external_labels: {cluster: a}
rule_files: [rules/*.yml]
alerting:
  alertmanagers: [{static_configs: [{targets: [\"a:9093\"]}]}]
scrape_configs:
- job_name: a
  static_configs: [{targets: [\"n:1\"]}]
";
    let config = parse(yaml).unwrap();
    assert_eq!(config.targets.len(), 1);
    let ignored = [
        "global.evaluation_interval",
        "global.external_labels",
        "rule_files",
        "alerting",
    ];
    assert_eq!(config.ignored, ignored);
}

#[cfg(feature = "tls")]
#[test]
fn tls_is_that_of_the_program_with_what_the_job_says() {
    use concertina_http::{ClientTls, Pem, TlsVersion, Trust};

    let yaml = |tls: &str| {
        format!(
            "scrape_configs:\n- job_name: a\n  scheme: https\n{tls}  static_configs: \
             [{{targets: [n]}}]\n"
        )
    };
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientOptions {
        tls: Some(ClientTls::new(provider)),
        ..ClientOptions::default()
    };
    let read = |tls: &str| ScrapeConfig::parse(&yaml(tls), Path::new("/etc/x"), &client);
    let own = "  tls_config: {ca_file: ca.pem, server_name: gpu, min_version: TLS13}\n";
    let config = read(own).unwrap();
    let (target, options) = &config.targets[0];
    assert_eq!(target.url, "https://n:443/metrics");
    let tls = options.client.tls.as_ref().unwrap();
    assert_eq!(tls.trust, Trust::Roots(Pem::File("/etc/x/ca.pem".into())));
    assert_eq!(tls.server_name.as_deref(), Some("gpu"));
    assert_eq!(tls.min_version, TlsVersion::Tls13);
    assert!(read("").is_ok());
    let told = [
        parse(&yaml("")).map(|_| ()),
        parse(&yaml("  tls_config: {}\n")).map(|_| ()),
        read("  tls_config: {cert_file: a}\n").map(|_| ()),
        read("  tls_config: {min_version: TLS10}\n").map(|_| ()),
    ]
    .map(|read| read.unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"), @r#"
line 2, job `a`, target `n`: TLS needs a crypto provider in the client's options
line 2, job `a`: TLS needs a crypto provider in the client's options
line 2, job `a`: tls_config: cert_file and key_file need each other
line 2, job `a`: tls_config: min_version `TLS10`: write TLS12 or TLS13
"#);
}
