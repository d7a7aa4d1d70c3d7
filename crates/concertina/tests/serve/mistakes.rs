//! What must not start, with one clear message; and flags that are accepted in vain.

use crate::common::{Running, command, example_rules};
use crate::parts::{stand_in, temporary};

/// The message of a start that must fail with exit code 2.
fn refused(args: &[&str]) -> String {
    let done = command(args).output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{args:?}");
    assert!(done.stdout.is_empty(), "{args:?}");
    let text = String::from_utf8(done.stderr).unwrap();
    text.replace(env!("CARGO_TARGET_TMPDIR"), "TMP")
}

#[test]
fn every_mistake_has_one_clear_message() {
    let rules = example_rules();
    let empty = temporary("serve-empty.yaml", "externalRules: []\n");
    let typo = temporary(
        "serve-typo.yaml",
        "rules:\n- seriesQuery: up\n  metricQuery: up\n",
    );
    let broken = temporary(
        "serve-broken.yaml",
        "rules:\n- seriesQuery: up\n  metricsQuery: <<\n",
    );
    let port = ["--insecure-loopback-port", "0"];
    let source = ["--prometheus-url", "http://127.0.0.1:1"];
    let messages: Vec<String> = [
        vec!["--config", &rules],
        vec!["--config", "/nowhere.yaml", source[0], source[1]],
        vec!["--config", &empty, source[0], source[1]],
        vec!["--config", &typo, source[0], source[1]],
        vec!["--config", &broken, source[0], source[1]],
        vec!["--config", &rules, "--prometheus-url", "prometheus:9090"],
        vec!["--config", &rules, "--scrape", "node-1:9400"],
        vec![
            "--config",
            &rules,
            "--scrape",
            "http://127.0.0.1:1",
            "--scrape-retention=1m",
        ],
        vec![
            "--config",
            &rules,
            source[0],
            source[1],
            "--metrics-relist-interval=0",
        ],
        vec![
            "--config",
            &rules,
            source[0],
            source[1],
            "--metrics-max-age=1m",
        ],
    ]
    .into_iter()
    .map(|mut args| {
        args.extend(port);
        refused(&args)
    })
    .collect();
    insta::assert_snapshot!(messages.join("---\n"), @r#"
error: nothing to take numbers from: give --prometheus-url URL, --scrape URL or --scrape-config FILE
---
error: cannot read /nowhere.yaml: No such file or directory (os error 2)
---
error: TMP/serve-empty.yaml: there is no rule in it: it needs `rules:`, `externalRules:` or `resourceRules:`
---
error: TMP/serve-typo.yaml: line 3, column 3: unknown key "metricQuery"
  3 |   metricQuery: up
    |   ^
  help: did you mean `metricsQuery`?
---
error: TMP/serve-broken.yaml: no rule can be used: rule 1 (line 2), metricsQuery: line 1, column 1: the action has no closing `>>`
---
error: --prometheus-url prometheus:9090: `prometheus:9090` is no usable URL: it must start with http:// or https:// and name a host
---
error: --scrape node-1:9400: `node-1:9400` is no usable URL: it must start with http:// or https:// and name a host
---
error: --scrape-retention 60s: give 5m or more: that far back a selector looks for a sample
---
error: --metrics-relist-interval 0s: give 1s or more
---
error: --metrics-max-age 60s: it must not be shorter than --metrics-relist-interval, or metrics would come and go
"#);
}

#[test]
fn a_cluster_must_be_known_before_it_is_served() {
    let rules = example_rules();
    let kubeconfig = temporary("serve-kubeconfig", "current-context: gone\n");
    let usable = "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n\
                  clusters: [{name: b, cluster: {server: 'https://127.0.0.1:1'}}]\n";
    let usable = temporary("serve-usable-kubeconfig", usable);
    let cluster = ["--authentication-kubeconfig", &usable];
    let certificate = temporary("serve-tls.crt", "no certificate\n");
    let good = ["--config", &rules, "--prometheus-url", "http://127.0.0.1:1"];
    let loopback = ["--insecure-loopback-port", "0"];
    let messages: Vec<String> = [
        &[][..],
        &["--authentication-kubeconfig", "/nowhere"],
        &["--authentication-kubeconfig", &kubeconfig],
        &["--client-ca-file", &certificate, cluster[0], cluster[1]],
        &["--tls-cert-file", &certificate],
        &["--service", "concertina", cluster[0], cluster[1]],
        &["--tls-min-version", "VersionTLS10"],
        &["--prometheus-ca-file", "/nowhere", loopback[0], loopback[1]],
        &["--prometheus-header", "tenant", loopback[0], loopback[1]],
        &["--insecure-loopback-port", "70000"],
    ]
    .into_iter()
    .map(|more| refused(&[&good[..], more].concat()))
    .collect();
    insta::assert_snapshot!(messages.join("---\n"), @"
error: this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): give a kubeconfig with --authentication-kubeconfig, or serve this machine only with --insecure-loopback-port
---
error: cannot read /nowhere: No such file or directory (os error 2)
---
error: TMP/serve-kubeconfig: there is no context called `gone` in it
---
error: `client-ca-file`: no root trust anchors were provided; it must hold certificates in PEM
---
error: the following required arguments were not provided:
  --tls-private-key-file <FILE>

Usage: concertina serve --config <FILE> --tls-cert-file <FILE> --tls-private-key-file <FILE> --prometheus-url <URL>

For more information, try '--help'.
---
error: --service concertina: give NAMESPACE/NAME, such as monitoring/concertina
---
error: invalid value 'VersionTLS10' for '--tls-min-version <VERSION>'
  [possible values: VersionTLS12, VersionTLS13]

  tip: a similar value exists: 'VersionTLS13'

For more information, try '--help'.
---
error: cannot read /nowhere: No such file or directory (os error 2)
---
error: --prometheus-header tenant: give NAME=VALUE
---
error: invalid value '70000' for '--insecure-loopback-port <PORT>': 70000 is not in 0..=65535

For more information, try '--help'.
");
}

#[test]
fn flags_of_prometheus_adapter_that_do_nothing_are_told() {
    let source = stand_in(|_| r#"{"status":"success","data":[]}"#.to_owned());
    let rules = example_rules();
    let serving = Running::start(&[
        "--config",
        &rules,
        "--prometheus-url",
        &source,
        "--logtostderr=true",
        "--client-qps",
        "50",
        "--v=4",
        "--profiling=false",
    ]);
    let log = serving.log();
    for told in [
        "--logtostderr does nothing here: logs are lines on standard error",
        "--client-qps does nothing here: objects are not listed for each request",
        "--profiling does nothing here: there is no Go runtime to profile",
    ] {
        assert!(log.contains(told), "{log}");
    }
}

#[test]
fn the_help_is_short_and_grouped() {
    let done = command(&["-h"]).output().unwrap();
    insta::assert_snapshot!(String::from_utf8(done.stdout).unwrap(), @"
Serves custom metrics to the HorizontalPodAutoscaler, from prometheus-adapter's rules

Usage: concertina serve [OPTIONS] --config <FILE>

Options:
  -h, --help  Print help (see more with '--help')

Rules:
      --config <FILE>
          The rule file: prometheus-adapter's configuration
      --metrics-relist-interval <DURATION>
          How often the series that exist are asked for [default: 10m]
      --metrics-max-age <DURATION>
          A series exists when it had a sample this long ago or later [default: the relist interval]

Prometheus:
      --prometheus-url <URL>            Ask the Prometheus at this URL, which may have a path
      --prometheus-ca-file <FILE>       The CA that Prometheus' certificate must come from, PEM [default: those of this system]
      --prometheus-token-file <FILE>    A file with a bearer token; changes are followed
      --prometheus-header <NAME=VALUE>  A header of every request, such as X-Scope-OrgID=team (again for more)

Scraping, instead of a Prometheus:
      --scrape <URL>                 Need no Prometheus: scrape this target into memory (again, or with commas, for more)
      --scrape-interval <DURATION>   How often the targets of --scrape are scraped [default: 15s]
      --scrape-config <FILE>         Scrape what this file says, `global` and `scrape_configs` of a prometheus.yml. Changes are followed
      --scrape-retention <DURATION>  Samples that were scraped are kept so long: as far as any rule looks back, and 5m more [default: 1h]
      --scrape-max-series <COUNT>    How many series are kept; at the limit, new ones are refused [default: 100000]
      --scrape-max-memory <MIB>      How much memory series and samples may take; near it the oldest go before their time [default: 512]
      --query-address <ADDRESS>      Answer PromQL over what was scraped, as Prometheus does, on this port of 127.0.0.1 or at this HOST:PORT

Serving:
      --insecure-loopback-port <PORT>  Serve no cluster, but plain HTTP on this port of 127.0.0.1 to whoever asks, without authentication; 0: any free port, which the log tells
      --secure-port <PORT>             Serve HTTPS on this port [default: 443]
      --bind-address <ADDRESS>         The address to serve on [default: 0.0.0.0]
      --tls-cert-file <FILE>           The certificate, PEM, those that signed it may follow; changes are followed. Without one, one is made and renewed: see --service
      --tls-private-key-file <FILE>    The certificate's private key, PEM
      --service <NAMESPACE/NAME>       The Service by which the cluster reaches this server: the made certificate is for its name, and the APIServices that point to it learn of its authority
  -v, --v <LEVEL>                      Log verbosity as klog counts it: 4 for requests that got no answer, 6 for everything [default: 0]
      --cache-ttl <DURATION>           How long an answer of the source may be given again, 0 for never; its timestamp tells its age [default: 1s; 0 for what is scraped]

Who may ask:
      --authentication-kubeconfig <FILE>
          The kubeconfig of the cluster that says who may ask and which objects there are; without it, the cluster of this pod
      --authorization-kubeconfig <FILE>
          Likewise; one is enough
");
}
