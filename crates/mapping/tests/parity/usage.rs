//! `resourceRules`: the use of pods and nodes.

use std::collections::{BTreeMap, BTreeSet};

use concertina_mapping::{UsagePlan, UsageRules, Used};
use concertina_model::QueryValue;
use concertina_rules::ResourceQueries;
use concertina_rules::config::{ResourceRule, ResourceRules};
use concertina_testkit::run;
use serde_json::{Value, json};

use crate::FAMILIES;
use crate::input::{TABLE, list, mapping, plan_kind, same, samples, text};

fn rule(json: &Value) -> ResourceRule {
    ResourceRule {
        container_query: text(&json["containerQuery"]),
        node_query: text(&json["nodeQuery"]),
        resources: mapping(&json["resources"]),
        container_label: text(&json["containerLabel"]),
    }
}

/// Prometheus, as the recording has it.
struct Answers {
    cpu: Option<QueryValue>,
    memory: Option<QueryValue>,
    asked: Vec<String>,
    build_errors: BTreeSet<&'static str>,
}

impl Answers {
    fn new(input: &Value) -> Self {
        let answer = |name: &str| {
            let fails = input[format!("{name}_fails")] == true;
            let samples = samples(&input[format!("{name}_result")]);
            (!fails).then_some(QueryValue::Vector(samples))
        };
        Self {
            cpu: answer("cpu"),
            memory: answer("memory"),
            asked: Vec::new(),
            build_errors: BTreeSet::new(),
        }
    }

    /// Asks both queries of a plan, whatever becomes of the other one.
    fn ask(&mut self, plan: &UsagePlan) -> Option<[QueryValue; 2]> {
        let both = [plan.cpu(), plan.memory()].map(|query| match query {
            Ok(query) => {
                self.asked.push(query.to_owned());
                match query.contains("cpu") {
                    true => self.cpu.clone(),
                    false => self.memory.clone(),
                }
            }
            Err(error) => {
                self.build_errors.insert(plan_kind(error));
                None
            }
        });
        match both {
            [Some(cpu), Some(memory)] => Some([cpu, memory]),
            _ => None,
        }
    }
}

fn used(used: &Used) -> Value {
    json!({"cpu": used.cpu.to_string(), "memory": used.memory.to_string()})
}

fn outcome(input: &Value) -> Value {
    let compiled = ResourceQueries::compile(&ResourceRules {
        cpu: rule(&input["cpu"]),
        memory: rule(&input["memory"]),
        ..ResourceRules::default()
    });
    let Ok(queries) = compiled else {
        return json!({"error": {"kind": "metrics_query_parse"}});
    };
    let rules = UsageRules::new(&queries, &*TABLE).unwrap();
    let mut prometheus = Answers::new(input);
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in list(&input["pods"]) {
        let names = names.entry(text(&pod["namespace"])).or_default();
        names.push(text(&pod["name"]));
    }
    let mut usage = BTreeMap::new();
    for (namespace, names) in &names {
        let plan = rules.plan_pods(namespace, names, &*TABLE);
        if let Some([cpu, memory]) = prometheus.ask(&plan) {
            usage.insert(namespace.clone(), plan.read(&cpu, &memory).unwrap());
        }
    }
    let pods = list(&input["pods"]).filter_map(|pod| {
        let usage = usage.get(&text(&pod["namespace"]))?;
        let found = usage.pod(&text(&pod["name"])).ok()?;
        let containers = found.containers.iter().map(|(name, container)| {
            let mut container = used(container);
            container["name"] = name.as_str().into();
            container
        });
        Some(json!({
            "namespace": pod["namespace"], "name": pod["name"],
            "ts_ms": found.timestamp.as_millis(), "containers": containers.collect::<Value>(),
        }))
    });
    let pods: Value = pods.collect();
    let nodes: Vec<String> = list(&input["nodes"]).map(text).collect();
    let mut of_nodes = None;
    if !nodes.is_empty() {
        let plan = rules.plan_nodes(&nodes, &*TABLE);
        of_nodes = prometheus
            .ask(&plan)
            .map(|[cpu, memory]| plan.read(&cpu, &memory).unwrap());
    }
    let nodes = nodes.iter().filter_map(|name| {
        let found = of_nodes.as_ref()?.node(name).ok()?;
        let mut node = used(&found.used);
        node["name"] = name.as_str().into();
        node["ts_ms"] = found.timestamp.as_millis().into();
        Some(node)
    });
    let nodes: Value = nodes.collect();
    prometheus.asked.sort();
    json!({
        "queries": prometheus.asked, "build_errors": prometheus.build_errors,
        "pods": pods, "nodes": nodes,
    })
}

#[test]
fn resource() {
    let dir = env!("CARGO_MANIFEST_DIR");
    run(dir, "rules", "resource", FAMILIES, |case| {
        let got = outcome(&case["input"]);
        match same(&got, &case["expect"]) {
            true => Ok(()),
            false => Err(format!("{got}\n != {}", case["expect"])),
        }
    });
}
