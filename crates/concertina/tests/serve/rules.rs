//! All three kinds of rules, and a rule file that changes.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::common::{EXPOSITION, Running};
use crate::parts::{eventually, stand_in, temporary};

const CUSTOM: &str = "\
rules:
- seriesQuery: DCGM_CUSTOM_PROCESS_SM_UTIL{}
  resources:
    overrides:
      NamespaceName: {resource: namespace}
      PodName: {resource: pod}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";

const EXTERNAL: &str = "\
externalRules:
- seriesQuery: DCGM_FI_DEV_GPU_UTIL{}
  resources: {namespaced: false}
  name: {as: busy_gpus}
  metricsQuery: max(<<.Series>>{<<.LabelMatchers>>})
";

const USAGE: &str = "\
resourceRules:
  cpu:
    containerQuery: sum(cpu_seconds{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(cpu_seconds{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    resources: {overrides: {node: {resource: node}, namespace: {resource: namespace}, pod: {resource: pod}}}
    containerLabel: container
  memory:
    containerQuery: sum(memory_bytes{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(memory_bytes{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    resources: {overrides: {node: {resource: node}, namespace: {resource: namespace}, pod: {resource: pod}}}
    containerLabel: container
";

const USAGE_SERIES: &str = r#"
cpu_seconds{node="gpu-1",namespace="default",pod="bert-a",container="main"} 0.25
memory_bytes{node="gpu-1",namespace="default",pod="bert-a",container="main"} 1048576
"#;

fn exporter() -> String {
    stand_in(|path| match path {
        "/metrics" => format!("{EXPOSITION}{USAGE_SERIES}"),
        other => panic!("asked for {other}"),
    })
}

fn serving(rules: &Path) -> Running {
    let rules = rules.display().to_string();
    let exporter = exporter();
    let args = ["--config", &rules, "--scrape", &exporter];
    Running::start(&[&args[..], &["--scrape-interval", "1s"]].concat())
}

#[test]
fn custom_external_and_resource_metrics_from_one_file() {
    let file = temporary("serve-all.yaml", &format!("{CUSTOM}{EXTERNAL}{USAGE}"));
    let serving = serving(Path::new(&file));
    let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/busy_gpus";
    let body = eventually("the external metric is there", || {
        let (status, body) = serving.get(external);
        (status == 200).then_some(body)
    });
    assert!(body.contains(r#""value":"25""#), "{body}");
    let (status, body) =
        serving.metric("/namespaces/default/pods/bert-a/DCGM_CUSTOM_PROCESS_SM_UTIL");
    assert_eq!(status, 200, "{body}");
    let usage = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods";
    let (status, body) = serving.get(&format!("{usage}/bert-a"));
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains(r#""usage":{"cpu":"250m","memory":"1Mi"}"#),
        "{body}"
    );
    let (status, body) = serving.get(usage);
    assert_eq!(status, 500);
    assert!(body.contains("ask for one by name"), "{body}");
    let (_, groups) = serving.get("/apis");
    for group in ["custom.", "external.", ""] {
        assert!(
            groups.contains(&format!(r#""name":"{group}metrics.k8s.io""#)),
            "{groups}"
        );
    }
}

/// A folder as the kubelet mounts a ConfigMap: links to a folder that is replaced as a whole.
struct Mounted(PathBuf);

impl Mounted {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        symlink("..data/config.yaml", folder.join("config.yaml")).unwrap();
        Self(folder)
    }

    fn put(&self, version: &str, text: &str) -> &Self {
        let Self(folder) = self;
        std::fs::create_dir(folder.join(version)).unwrap();
        std::fs::write(folder.join(version).join("config.yaml"), text).unwrap();
        let link = folder.join("..data_tmp");
        symlink(version, &link).unwrap();
        std::fs::rename(link, folder.join("..data")).unwrap();
        self
    }

    fn file(&self) -> PathBuf {
        self.0.join("config.yaml")
    }
}

#[test]
fn a_changed_rule_file_is_taken_into_use_and_a_bad_one_is_not() {
    let mounted = Mounted::new("serve-mounted");
    mounted.put("..1", CUSTOM);
    let serving = serving(&mounted.file());
    let served = |name: &str| serving.metric("").1.contains(&format!(r#""pods/{name}""#));
    let ready = || serving.get("/readyz?verbose");
    let util = "DCGM_CUSTOM_PROCESS_SM_UTIL";
    eventually("the first rules serve", || served(util).then_some(()));
    let (status, body) = ready();
    assert_eq!(status, 200);
    assert!(body.contains("[+]rules ok: in use since 2"), "{body}");

    mounted.put("..2", &CUSTOM.replace("metricsQuery", "metricQuery"));
    let body = eventually("the bad file is told", || {
        let (status, body) = ready();
        assert_eq!(status, 200, "what serves is ready");
        body.contains("is not used").then_some(body)
    });
    assert!(body.contains(r#"unknown key "metricQuery""#), "{body}");
    eventually("the log tells it, too", || {
        let log = serving.log();
        log.contains("the rules before stay").then_some(())
    });
    assert!(served(util));

    let renamed = format!("{}  name: {{as: sm_util}}\n", CUSTOM);
    mounted.put("..3", &renamed);
    eventually("the next good file is in use", || {
        served("sm_util").then_some(())
    });
    assert!(!served(util), "nothing of the rules before is left");
    let (_, body) = ready();
    assert!(!body.contains("not used"), "{body}");

    std::fs::remove_file(mounted.0.join("..data")).unwrap();
    eventually("a file that is gone is told", || {
        ready().1.contains("cannot read").then_some(())
    });
    assert!(served("sm_util"));
}
