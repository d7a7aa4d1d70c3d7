//! The kinds of findings: numbers, titles, explanations, fixes. `docs/findings.md` is made of them.

use serde::{Deserialize, Serialize};

use super::Level;

macro_rules! kinds {
    ($($code:ident $variant:ident $level:ident $title:literal, $explanation:literal, $fix:literal;)*) => {
        /// What a finding is about. The numbers never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        #[allow(missing_docs, reason = "title() and explanation() say what they are")]
        #[non_exhaustive]
        pub enum FindingKind {
            $($variant,)*
        }

        impl FindingKind {
            /// Every kind, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its number: `C021`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($code)),* }
            }

            /// How bad it is.
            #[must_use]
            pub fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level),* }
            }

            /// What it is, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// Why it matters.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),* }
            }

            /// What to do.
            #[must_use]
            pub fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),* }
            }
        }
    };
}

kinds! {
    C001 Unreadable Error "the file cannot be read",
        "The text is no YAML, or a value has the wrong shape. prometheus-adapter would not start with it; when it reloads, Concertina goes on with the file before.",
        "Put right what stands at the place that is named. Usual causes are wrong indentation, tabs, and double quotes inside a double-quoted text: write PromQL in single quotes, or after `|-`.";
    C002 UnknownKey Error "a key is unknown, repeated or out of place",
        "Rule files are read strictly: a key that is misspelt, written twice or indented to the wrong place refuses the whole file, because ignoring it would change what the rules mean.",
        "Use the key that is suggested. `rules`, `externalRules` and `resourceRules` stand at the top of the file, without indentation; everything else belongs to a rule.";
    C003 NoRules Warning "there is no rule",
        "A file without rules serves nothing. Helm values with an empty `custom` list and a ConfigMap with an empty file look like this.",
        "Write at least one rule; `concertina init` drafts some from what a Prometheus holds.";
    C010 QueryTemplate Error "the query template does not compile",
        "The query is a template in Go's text/template language between `<<` and `>>`. One that does not compile stops prometheus-adapter at start; Concertina serves the other rules.",
        "Put right what stands at the place that is named. Fields are `.Series`, `.LabelMatchers`, `.LabelValuesByName`, `.GroupBy` and `.GroupBySlice`.";
    C011 Pattern Error "a pattern or name cannot be used",
        "`seriesFilters` and `name.matches` are regular expressions in Go's dialect (RE2: no look-around, no back references). Each filter has exactly one of `is` and `isNot`, and `name.as` is needed when `matches` has several groups.",
        "Put right the pattern that is named.";
    C012 LabelTemplate Error "the label template cannot be used",
        "`resources.template` is the label of a resource and is also read backwards, from label to resource. It is made of text, `<<.Group>>` and `<<.Resource>>`, and needs the latter.",
        "Write for example `template: kube_<<.Group>>_<<.Resource>>` or `template: <<.Resource>>`.";
    C013 RenderFails Error "the query cannot be made",
        "The template compiles, but filling it fails or gives an empty query: every request for the metric would be answered with an error.",
        "Write a `metricsQuery`, use only the fields that exist, and look up only labels that a request always has.";
    C014 InvalidPromql Error "the query is no PromQL",
        "The template compiles, and what it gives for a request is no valid PromQL. Nobody notices before the first request, which is then answered with an error.",
        "Put right the query at the place that is named; try it in Prometheus with the template's fields replaced by values.";
    C015 SeriesQuery Error "the series query is no series selector",
        "`seriesQuery` goes to Prometheus as `match[]`. It is one selector, such as `up{job=\"x\"}`: no function, no range, no operator, and at least one matcher that does not match the empty text.",
        "Write a plain selector; calculations belong into `metricsQuery`.";
    C016 NotAVector Error "the query gives no instant vector",
        "Values are read from an instant vector: one sample for each object. A number, a text or a range of samples names no object.",
        "Let the query end in an instant vector: a range goes into a function such as `rate(…[2m])` or `avg_over_time(…[2m])`.";
    C017 PatternAsText Warning "a pattern is compared as plain text",
        "`=` and `!=` compare the whole text, so that `^`, `$`, `.*` and `|` stand for themselves: such an equality matches nothing, and such an inequality leaves nothing out.",
        "Use `=~` or `!~` for patterns. They are anchored at both ends, so `^` and `$` are not needed.";
    C020 LabelsLost Error "the query loses the label that names the objects",
        "Samples are given to objects by the label that the rule maps to their resource. A query that aggregates that label away gives samples that belong to nobody, and every request is answered with not found.",
        "Aggregate with `by (<<.GroupBy>>)`.";
    C021 MatchersMissing Warning "a selector leaves out the request's matchers",
        "`<<.LabelMatchers>>` limits a query to the namespace and the objects that are asked for. A selector without it reads everything that Prometheus has: a pod of the same name in another namespace counts in, and every request costs as much as all of them.",
        "Write `{<<.LabelMatchers>>}` in every selector of the query.";
    C022 NamespaceUnmapped Error "no label is mapped to the namespace",
        "A request for a namespaced object, and any external metric unless `resources.namespaced` is false, is limited to its namespace. Without a label for it no request can be answered, though the metric is listed.",
        "Add the label that holds the namespace to `resources.overrides`, for example `namespace: {resource: namespace}`. For external metrics of all namespaces write `resources: {namespaced: false}`.";
    C023 NoResource Error "no label is mapped to any resource",
        "A custom metric is a metric of an object, and the rule says by which label a series names its object. With neither `resources.overrides` nor `resources.template` it never exposes anything.",
        "Add for example `resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}`, or move the rule to `externalRules` when the metric belongs to no object.";
    C024 TwoLabels Warning "two labels are mapped to one resource",
        "Queries select a resource by one label. prometheus-adapter takes a random one of the two at each start; Concertina the first in the file.",
        "Keep the label that the series have. For series in two flavours write two rules, each with the labels of one, under two names.";
    C025 UnknownResource Warning "an override names a resource that no cluster has by itself",
        "prometheus-adapter does not start while an override names a resource that the cluster does not have; in Concertina that rule waits. A misspelt resource waits for ever.",
        "Correct the spelling. For a custom resource also write its group: `{group: example.com, resource: thing}`.";
    C026 EverydayLabel Warning "an everyday label names a Kubernetes kind by accident",
        "Prometheus puts `job` on every series and its operator adds `service` and `endpoint`: names of the scrape, not of objects. A mapping that takes them for the kinds of the same name lists metrics that nobody can use, and gives wrong values where names happen to agree.",
        "Give the template a prefix that only labels of objects have, such as `kube_<<.Resource>>`, or name the labels in `overrides` instead.";
    C027 NodeOnly Warning "no autoscaler can read this metric",
        "A HorizontalPodAutoscaler reads metrics of pods and objects in its own namespace. A metric of nodes or other cluster-wide objects only can be looked at with kubectl, and not be scaled by.",
        "Also map the labels of the namespace and the pod. Where the series have none, scale by another metric; keep the rule if it is there to be looked at.";
    C028 ExternalGroupBy Warning "`GroupBy` is empty in external rules",
        "An external metric belongs to no object, so there is nothing to group by: `by (<<.GroupBy>>)` adds up everything, and `by (<<.GroupBy>>, x)` is a syntax error in prometheus-adapter.",
        "Name the labels to group by, or leave `by (…)` out.";
    C029 SidesNeverMatch Error "the two sides of an operator never match",
        "PromQL combines samples whose labels are equal. Sides that are grouped by different labels have none in common, so the result is always empty.",
        "Group both sides by the same labels, or say which ones to compare: `/ on (<<.GroupBy>>) group_left ()`, or `/ scalar(…)` for one number.";
    C030 Overlap Warning "two rules expose one name",
        "Under one name a resource has one metric: the later rule replaces the earlier one, without a message.",
        "Give one of them another name with `name: {as: …}`, or keep the series apart with `seriesQuery` and `seriesFilters`.";
    C031 NamesFolded Warning "one rule exposes several series under one name",
        "The rule takes series of several names and exposes them under one: the last that is listed is the one that is queried, so that the metric changes its meaning with the order of names.",
        "Take one series with `seriesQuery`, or let the names differ: `name: {matches: ^vllm:(.*)$, as: vllm_$1}`.";
    C032 CounterWithoutRate Warning "a counter is read without its rate",
        "A counter only goes up, so its plain value tells how long a process has run and not how busy it is. An autoscaler that follows it scales out and never in again.",
        "Use its rate: `sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)`.";
    C033 SeveralSeries Warning "an object can have several series",
        "A pod with two GPUs has two series, a server with two models too. Without an aggregation down to one, prometheus-adapter takes whichever comes last; Concertina gives such an object no value.",
        "Aggregate: `avg(…) by (<<.GroupBy>>)` for utilization, `sum(…) by (<<.GroupBy>>)` for amounts, `max(…) by (<<.GroupBy>>)` for limits.";
    C034 UnitConfusion Warning "the name promises another unit than the query gives",
        "An HPA's target is a number without a unit: a target of 80 is never reached by a metric that goes from 0 to 1, and a target of 0.8 is always exceeded by one that goes to 100.",
        "Rename the metric with `name: {as: …}`, or convert in the query with `* 100` or `/ 100`.";
    C035 PercentagesSummed Warning "percentages are added up",
        "Two GPUs at 60 % give 120 %. A target below 100 then means something else for every number of GPUs.",
        "Use `avg`, or `max` to follow the busiest GPU.";
    C036 ContainerLabel Error "a resource rule does not say which label names the container",
        "metrics.k8s.io lists the use of each container. Without `containerLabel` samples cannot be told apart.",
        "Add for example `containerLabel: container`.";
    C037 QuantileWithoutBuckets Error "a quantile has no buckets",
        "`histogram_quantile` reads buckets by their label `le`. An aggregation that drops it leaves nothing to read, so that the result is always empty.",
        "Keep the label: `histogram_quantile(0.95, sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>, le))`.";
    C040 NoSeries Warning "the rule matches no series now",
        "Prometheus has no series that the rule takes, so that its metrics are not there. It may be that nothing exports them yet, that the target is down, or that the selector is wrong.",
        "Look up the name in Prometheus. `concertina explain` tells at which step a metric falls out.";
    C041 WrongLabels Error "the series do not have the labels that the rule maps",
        "Series that lack the mapped labels belong to no object, so that the metric is never listed. The usual cause is a rule that was written for another flavour of the labels: `pod`, `exported_pod` and `PodName` name the same thing, by how the exporter is set up and scraped.",
        "Map the labels that the series have.";
    C042 ExporterPod Warning "the mapped pod is the exporter itself",
        "Scraped with `honorLabels: false`, Prometheus' default, `pod` is the pod of the exporter and `exported_pod` the one that uses the GPU. A rule on `pod` gives metrics of the exporter, and the pods that should scale have none.",
        "Map `exported_pod` and `exported_namespace`, or set `honorLabels: true` for the scrape.";
    C043 SeriesRefused Error "Prometheus refuses the series query",
        "What Prometheus refuses now it refuses at every relist: the rule never has series.",
        "Put right the `seriesQuery`.";
}

impl FindingKind {
    /// The kind with this number, in any case.
    ///
    /// ```
    /// use concertina_mapping::lint::FindingKind;
    ///
    /// assert_eq!(FindingKind::by_code("c021"), Some(FindingKind::MatchersMissing));
    /// assert_eq!(FindingKind::by_code("C999"), None);
    /// ```
    #[must_use]
    pub fn by_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.code().eq_ignore_ascii_case(code))
    }
}

impl From<FindingKind> for &'static str {
    fn from(kind: FindingKind) -> Self {
        kind.code()
    }
}

impl TryFrom<String> for FindingKind {
    type Error = String;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::by_code(&code).ok_or_else(|| format!("there is no finding {code}"))
    }
}
