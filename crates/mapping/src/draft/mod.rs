//! Drafts of rule files: rules for the GPU and LLM-serving metrics that a Prometheus holds.
//!
//! [`selector`] is what to ask Prometheus for, [`draft`] makes the file of its answer: one rule
//! for each metric that an autoscaler can follow, in the label flavour that the series have, with
//! the series of a pod aggregated to one.
//!
//! ```
//! use concertina_mapping::draft::draft;
//! use concertina_model::Labels;
//!
//! let series = [Labels::from_pairs([
//!     ("__name__", "DCGM_FI_DEV_GPU_UTIL"),
//!     ("exported_pod", "bert-0"),
//!     ("exported_namespace", "ai"),
//!     ("pod", "dcgm-exporter-x7k"),
//!     ("namespace", "gpu-operator"),
//! ])];
//! let draft = draft(&series, "an example");
//! assert_eq!(draft.rules, 1);
//! assert!(draft.text.contains("exported_pod: {resource: pod}"));
//! ```

mod shares;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use concertina_model::Labels;

use crate::known::{Flavour, KnownMetric, METRICS, Reading, System, looks_like_an_exporter};
use shares::{SHARES, Share};

/// A drafted rule file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The file: YAML with comments.
    pub text: String,
    /// How many rules it has.
    pub rules: usize,
    /// How many of the series are covered by a rule.
    pub covered: usize,
    /// The known metrics that are there and have no rule, each with the reason.
    pub left_out: Vec<(&'static str, &'static str)>,
}

/// The selector of all series that [`draft`] looks at.
#[must_use]
pub fn selector() -> String {
    let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    format!("{{__name__=~\"{}\"}}", names.join("|"))
}

/// The series of one metric.
#[derive(Debug, Default)]
struct Found<'a> {
    series: Vec<&'a Labels>,
    flavour: Option<Flavour>,
    /// How many series have the flavour.
    covered: usize,
    pods: usize,
}

impl<'a> Found<'a> {
    fn new(series: Vec<&'a Labels>, metric: &KnownMetric) -> Self {
        let flavours: Vec<Option<Flavour>> = series
            .iter()
            .map(|labels| flavour(labels, metric.system))
            .collect();
        let has = |flavour: &Flavour| flavours.contains(&Some(*flavour));
        let chosen = Flavour::ALL.into_iter().find(has);
        let pods: BTreeSet<_> = chosen
            .iter()
            .flat_map(|flavour| {
                let of_pods = series.iter().zip(&flavours);
                let of_pods = of_pods.filter(move |(_, own)| **own == Some(*flavour));
                of_pods.filter_map(move |(labels, _)| {
                    Some((labels.get(flavour.namespace())?, labels.get(flavour.pod())?))
                })
            })
            .collect();
        Self {
            covered: flavours
                .iter()
                .filter(|f| chosen.is_some() && **f == chosen)
                .count(),
            pods: pods.len(),
            flavour: chosen,
            series,
        }
    }
}

/// How a series names the pod that it is about. An exporter that names itself does not.
fn flavour(labels: &Labels, system: System) -> Option<Flavour> {
    let names: Vec<&str> = labels.iter().map(|(name, _)| name).collect();
    let flavour = Flavour::of(&names)?;
    let exporter = matches!(
        system,
        System::Dcgm | System::Ack | System::Hami | System::Cce
    );
    let own = flavour == Flavour::Plain && exporter && looks_like_an_exporter(labels);
    (!own).then_some(flavour)
}

/// Drafts rules for `series`; `source` says where they are from.
#[must_use]
pub fn draft(series: &[Labels], source: &str) -> Draft {
    let mut by_name: BTreeMap<&str, Vec<&Labels>> = BTreeMap::new();
    for labels in series {
        let name = labels.metric_name().unwrap_or_default();
        by_name.entry(name).or_default().push(labels);
    }
    let found: Vec<(&KnownMetric, Found<'_>)> = METRICS
        .iter()
        .filter_map(|metric| {
            let series = by_name.remove(metric.name)?;
            Some((metric, Found::new(series, metric)))
        })
        .collect();
    let mut draft = Draft {
        text: header(source),
        ..Draft::default()
    };
    let mut system = None;
    for (metric, found_here) in &found {
        let follows = match metric.reading {
            Reading::Average | Reading::Sum => true,
            Reading::Counter => metric.exposed.is_some(),
            Reading::Unfit => false,
        };
        if !follows {
            let reason = match metric.reading {
                Reading::Counter => "a counter of no load",
                _ => "not a measure of load",
            };
            draft.left_out.push((metric.name, reason));
            continue;
        }
        let Some(flavour) = found_here.flavour else {
            draft.left_out.push((metric.name, "no series names a pod"));
            continue;
        };
        if system != Some(metric.system) {
            system = Some(metric.system);
            let _ = write!(draft.text, "\n## {}\n", metric.system.name());
        }
        rule(&mut draft.text, metric, found_here, flavour);
        draft.rules += 1;
        draft.covered += found_here.covered;
        for share in SHARES.iter().filter(|share| share.used == metric.name) {
            let same_flavour = |name: &&str| {
                let other = found.iter().find(|(metric, _)| metric.name == *name);
                other.is_some_and(|(_, other)| other.flavour == Some(flavour))
            };
            if share.of.iter().all(same_flavour) {
                share_rule(&mut draft.text, share, flavour);
                draft.rules += 1;
            }
        }
    }
    remarks(&mut draft);
    draft
}

fn header(source: &str) -> String {
    format!(
        "# Rules for custom metrics of pods, drafted by `concertina init` from what {source} holds.\n\
         # `concertina serve --config FILE` serves them; prometheus-adapter reads them, too.\n\
         # `concertina check --prometheus-url URL FILE` tells whether they still fit.\n\
         rules:\n"
    )
}

fn rule(out: &mut String, metric: &KnownMetric, found: &Found<'_>, flavour: Flavour) {
    let many = if found.pods == 1 { "" } else { "s" };
    let _ = writeln!(out, "\n# {}.", capital(metric.about));
    let _ = writeln!(
        out,
        "# Now {} series of {} pod{many}.",
        found.covered, found.pods
    );
    let others = found.series.len() - found.covered;
    if others > 0 {
        let _ = writeln!(
            out,
            "# {others} more without a pod of their own in `{}`: idle GPUs, or scraped in another way.",
            flavour.pod()
        );
    }
    let _ = writeln!(
        out,
        "- seriesQuery: '{}'",
        series_query(metric.name, flavour)
    );
    resources(out, flavour);
    if let Some(exposed) = metric.exposed {
        let _ = writeln!(out, "  name: {{as: {exposed}}}");
    }
    let (comment, query) = match metric.reading {
        Reading::Average => (
            "A pod with several series, one for each GPU, has their average.",
            "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
        ),
        Reading::Counter => (
            "A counter: its rate over two minutes, added up for each pod.",
            "sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)",
        ),
        Reading::Sum | Reading::Unfit => (
            "A pod with several series has their sum.",
            "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
        ),
    };
    let _ = writeln!(out, "  # {comment}\n  metricsQuery: {query}");
}

fn share_rule(out: &mut String, share: &Share, flavour: Flavour) {
    let sum = |name: &str| format!("sum({name}{{<<.LabelMatchers>>}}) by (<<.GroupBy>>)");
    let total: Vec<String> = share.of.iter().map(|name| sum(name)).collect();
    let total = match total.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" + ")),
    };
    let _ = writeln!(out, "\n# {}.", capital(share.about));
    let _ = writeln!(
        out,
        "- seriesQuery: '{}'",
        series_query(share.used, flavour)
    );
    resources(out, flavour);
    let _ = writeln!(out, "  name: {{as: {}}}", share.exposed);
    let _ = writeln!(out, "  metricsQuery: {} / {total}", sum("<<.Series>>"));
}

fn series_query(name: &str, flavour: Flavour) -> String {
    format!(
        "{name}{{{}!=\"\",{}!=\"\"}}",
        flavour.namespace(),
        flavour.pod()
    )
}

fn resources(out: &mut String, flavour: Flavour) {
    let _ = writeln!(
        out,
        "  resources:\n    overrides:\n      {}: {{resource: namespace}}\n      {}: {{resource: pod}}",
        flavour.namespace(),
        flavour.pod()
    );
}

/// What is there and has no rule.
fn remarks(draft: &mut Draft) {
    let out = &mut draft.text;
    if draft.rules == 0 {
        // `rules:` alone is null, which is read; a list says that it is meant.
        *out = out.replace("\nrules:\n", "\nrules: []\n");
    }
    if draft.left_out.is_empty() {
        return;
    }
    out.push_str("\n# Without a rule:\n");
    for (name, reason) in &draft.left_out {
        let _ = writeln!(out, "# - {name}: {reason}");
    }
    if draft
        .left_out
        .iter()
        .any(|(_, reason)| reason.contains("pod"))
    {
        out.push_str(
            "# Where no series names a pod, let the exporter do it (dcgm-exporter: `--kubernetes`)\n\
             # and scrape it with `honorLabels: true`.\n",
        );
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    // Names such as vGPU keep their own case.
    match chars.next() {
        Some(first) if !text.starts_with("vGPU") => first.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
