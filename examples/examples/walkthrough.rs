//! What the library can do of the walkthrough today: GPUs under load, the rule's query for the
//! pods, and the figures it is about, in simulated time.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::time::Duration;

use concertina_model::{Quantity, Timestamp};
use concertina_rules::{QueryData, Template};
use concertina_sources::simulated::{Timing, Workload};

fn main() -> Result<(), Box<dyn Error>> {
    let start = Timestamp::EPOCH;
    let at = |seconds: u64| start.saturating_add(Duration::from_secs(seconds));
    let mut service = Workload::new("bert-intent-detection", 8, 1, Timing::default(), start);

    // A minute idle, a minute of 10 requests a second, then a second pod for the same load.
    println!("TIME  PODS: SM UTILIZATION");
    show(&service, at(60));
    load(&mut service, at(60), 60);
    show(&service, at(120));
    service.scale(2, at(120));
    load(&mut service, at(120), 60);
    show(&service, at(180));
    load(&mut service, at(180), 0);
    show(&service, at(240));

    // The query that a request for these pods' metric becomes.
    let rule = "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";
    let names: Vec<&str> = service.pods().iter().map(|pod| pod.name()).collect();
    let pattern = concertina_promql::quote(&names.join("|"));
    let query = Template::parse(rule)?.render(&QueryData {
        series: "DCGM_CUSTOM_PROCESS_SM_UTIL".to_owned(),
        label_matchers: format!("NamespaceName=\"default\",PodName=~{pattern}"),
        group_by: "PodName".to_owned(),
        ..QueryData::default()
    })?;
    println!("\nrule     {rule}\nbecomes  {query}");
    println!("parsed   {}", concertina_promql::parse(&query)?);

    // Values are exact on their way to Kubernetes.
    let (value, target): (Quantity, Quantity) = ("11.5".parse()?, "20".parse()?);
    println!(
        "\n{value}/{target}: {} of {} milli-units",
        value.milli_value(),
        target.milli_value()
    );
    Ok(())
}

/// `seconds` of 10 requests a second, each costing 23 ms of GPU time.
fn load(service: &mut Workload, from: Timestamp, seconds: u64) {
    for i in 0..seconds * 10 {
        let now = from.saturating_add(Duration::from_millis(i * 100));
        service.serve(now, Duration::from_millis(23));
    }
}

fn show(service: &Workload, now: Timestamp) {
    let pods: Vec<String> = service
        .pods()
        .iter()
        .map(|pod| match pod.sm_utilization(now) {
            Some(percent) => format!("{} {percent} %", pod.name()),
            None => format!("{} {:?}", pod.name(), pod.state(now)),
        })
        .collect();
    println!("{:>3} s  {}", now.as_millis() / 1000, pods.join(", "));
}
