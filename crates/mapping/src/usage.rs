//! The CPU and memory use of pods and nodes: `resourceRules`.

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_model::{Format, GroupResource, Quantity, QueryValue, Timestamp};
use concertina_rules::{ResourceQueries, ResourceQuery, Template};

use crate::matchers::Matchers;
use crate::values::{disagree, quantity};
use crate::{LabelError, LabelMapper, NoValue, PlanError, ReadError, Resources};

/// `resourceRules`, ready to ask a cluster's Prometheus for the use of its pods and nodes.
///
/// ```
/// use concertina_mapping::{ResourceTable, UsageRules};
/// use concertina_rules::{ResourceQueries, RuleFile};
///
/// let file = RuleFile::parse(r#"
/// resourceRules:
///   window: 1m
///   cpu: &rule
///     containerQuery: sum(rate(cpu{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)
///     nodeQuery: sum(rate(cpu{<<.LabelMatchers>>,id="/"}[1m])) by (<<.GroupBy>>)
///     containerLabel: container
///     resources: {template: <<.Resource>>}
///   memory: *rule
/// "#).unwrap();
/// let queries = ResourceQueries::compile(&file.resource_rules.unwrap()).unwrap();
/// let table = ResourceTable::builtin();
/// let rules = UsageRules::new(&queries, &table).unwrap();
/// let plan = rules.plan_pods("shop", &["a".into(), "b".into()], &table);
/// assert_eq!(
///     plan.cpu().unwrap(),
///     r#"sum(rate(cpu{namespace="shop",pod=~"a|b"}[1m])) by (pod,container)"#,
/// );
/// ```
#[derive(Clone, Debug)]
pub struct UsageRules {
    cpu: Half,
    memory: Half,
    window: Duration,
}

/// The queries for one of CPU and memory, with the labels resolved.
#[derive(Clone, Debug)]
struct Half {
    query: ResourceQuery,
    mapper: LabelMapper,
}

impl UsageRules {
    /// Resolves the labels of both rules.
    ///
    /// # Errors
    ///
    /// [`LabelError::UnknownResource`] when an override names a resource that does not exist (yet).
    pub fn new(queries: &ResourceQueries, known: &dyn Resources) -> Result<Self, LabelError> {
        let half = |query: &ResourceQuery| {
            Ok(Half {
                mapper: LabelMapper::new(query.labels(), known)?,
                query: query.clone(),
            })
        };
        Ok(Self {
            cpu: half(&queries.cpu)?,
            memory: half(&queries.memory)?,
            window: queries.window,
        })
    }

    /// The window that the answers name.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.window
    }

    /// The two queries for pods of one namespace.
    pub fn plan_pods(&self, namespace: &str, names: &[String], known: &dyn Resources) -> UsagePlan {
        let half = |half: &Half| {
            let label = half.label("pods", known)?;
            let mut matchers = Matchers::of(half.query.container());
            matchers.equal(&half.mapper.namespace_label(known)?, namespace);
            matchers.names(&label, names);
            let container = half.query.container_label().to_owned();
            let group_by = vec![label.clone(), container.clone()];
            UsageQuery::new(
                half.query.container(),
                matchers,
                group_by,
                label,
                Some(container),
            )
        };
        UsagePlan {
            cpu: half(&self.cpu),
            memory: half(&self.memory),
        }
    }

    /// The two queries for nodes.
    pub fn plan_nodes(&self, names: &[String], known: &dyn Resources) -> UsagePlan {
        let half = |half: &Half| {
            let label = half.label("nodes", known)?;
            let mut matchers = Matchers::of(half.query.node());
            matchers.names(&label, names);
            UsageQuery::new(
                half.query.node(),
                matchers,
                vec![label.clone()],
                label,
                None,
            )
        };
        UsagePlan {
            cpu: half(&self.cpu),
            memory: half(&self.memory),
        }
    }
}

impl Half {
    fn label(&self, plural: &str, known: &dyn Resources) -> Result<String, LabelError> {
        self.mapper.label(&GroupResource::core(plural), known)
    }
}

/// The queries for the use of some objects, and how to read their answers.
#[derive(Clone, Debug)]
pub struct UsagePlan {
    cpu: Result<UsageQuery, PlanError>,
    memory: Result<UsageQuery, PlanError>,
}

#[derive(Clone, Debug)]
struct UsageQuery {
    text: String,
    label: String,
    /// The label that tells containers apart; None for nodes.
    container: Option<String>,
}

impl UsageQuery {
    fn new(
        template: &Template,
        matchers: Matchers,
        group_by: Vec<String>,
        label: String,
        container: Option<String>,
    ) -> Result<Self, PlanError> {
        Ok(Self {
            text: matchers.render(String::new(), group_by, |data| template.render(data))?,
            label,
            container,
        })
    }

    fn read(&self, answer: &QueryValue) -> Result<BTreeMap<String, Containers>, ReadError> {
        let QueryValue::Vector(samples) = answer else {
            return Err(ReadError(answer.type_name()));
        };
        let mut objects: BTreeMap<String, Containers> = BTreeMap::new();
        for sample in samples {
            let name = sample.labels.get(&self.label).unwrap_or_default();
            let container = self.container.as_deref();
            let container = container.and_then(|label| sample.labels.get(label));
            let containers = objects.entry(name.to_owned()).or_default();
            let key = container.unwrap_or_default().to_owned();
            let known = containers
                .entry(key)
                .or_insert_with(|| (Ok(sample.value), sample.timestamp));
            disagree(&mut known.0, sample.value);
            known.1 = known.1.min(sample.timestamp);
        }
        Ok(objects)
    }
}

/// What was found of each container of an object, and the earliest time; a node has one without a
/// name.
type Containers = BTreeMap<String, (Result<f64, NoValue>, Timestamp)>;

impl UsagePlan {
    /// The query for CPU.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when it cannot be asked. The other query still can, but without both no object
    /// has a value.
    pub fn cpu(&self) -> Result<&str, &PlanError> {
        self.cpu.as_ref().map(|query| query.text.as_str())
    }

    /// The query for memory.
    ///
    /// # Errors
    ///
    /// As [`UsagePlan::cpu`].
    pub fn memory(&self) -> Result<&str, &PlanError> {
        self.memory.as_ref().map(|query| query.text.as_str())
    }

    /// Reads Prometheus' two answers.
    ///
    /// # Errors
    ///
    /// [`UsageError`] when one of the queries could not be asked, or an answer is no instant vector.
    pub fn read(&self, cpu: &QueryValue, memory: &QueryValue) -> Result<Usage, UsageError> {
        let half = |query: &Result<UsageQuery, PlanError>, answer| match query {
            Ok(query) => Ok(query.read(answer)?),
            Err(error) => Err(UsageError::Plan(error.clone())),
        };
        Ok(Usage {
            cpu: half(&self.cpu, cpu)?,
            memory: half(&self.memory, memory)?,
        })
    }
}

/// Why answers cannot be read as use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// One of the queries could not be asked.
    #[error(transparent)]
    Plan(PlanError),
    /// An answer is of the wrong type.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The use of objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    cpu: BTreeMap<String, Containers>,
    memory: BTreeMap<String, Containers>,
}

/// CPU and memory of a container or a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// Cores.
    pub cpu: Quantity,
    /// Bytes, in binary format.
    pub memory: Quantity,
}

/// The use of a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodUse {
    /// The earliest time of the samples.
    pub timestamp: Timestamp,
    /// By container; a container without the label stands under the empty name.
    pub containers: BTreeMap<String, Used>,
}

/// The use of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeUse {
    /// The earliest time of the samples.
    pub timestamp: Timestamp,
    /// What it uses.
    pub used: Used,
}

/// Why an object's use is not known. Upstream (prometheus-adapter 0.12) puts 0 in the place of a
/// half that is missing and of a negative sample.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{resource}{}: {reason}", of_container(.container))]
#[non_exhaustive]
pub struct NoUse {
    /// `cpu` or `memory`.
    pub resource: &'static str,
    /// The container; None when it is about the whole object.
    pub container: Option<String>,
    /// Why.
    #[source]
    pub reason: NoValue,
}

fn of_container(container: &Option<String>) -> String {
    match container {
        None => String::new(),
        Some(name) => format!(" of container `{name}`"),
    }
}

impl Usage {
    /// The use of a pod, all of its containers known.
    ///
    /// # Errors
    ///
    /// [`NoUse`] says what is missing.
    pub fn pod(&self, name: &str) -> Result<PodUse, NoUse> {
        self.containers(name, true)
    }

    /// The use of a node.
    ///
    /// # Errors
    ///
    /// [`NoUse`] says what is missing.
    pub fn node(&self, name: &str) -> Result<NodeUse, NoUse> {
        let found = self.containers(name, false)?;
        let whole = found.containers.into_values().next();
        Ok(NodeUse {
            timestamp: found.timestamp,
            used: whole.ok_or(NoUse {
                resource: "cpu",
                container: None,
                reason: NoValue::NoSample,
            })?,
        })
    }

    fn containers(&self, object: &str, named: bool) -> Result<PodUse, NoUse> {
        let missing = |resource, container: Option<&str>, reason| NoUse {
            resource,
            container: container.filter(|_| named).map(str::to_owned),
            reason,
        };
        let half = |all: &BTreeMap<String, Containers>, resource| {
            let found = all.get(object).cloned();
            found.ok_or_else(|| missing(resource, None, NoValue::NoSample))
        };
        let cpu = half(&self.cpu, "cpu")?;
        let mut memory = half(&self.memory, "memory")?;
        let mut containers = BTreeMap::new();
        let mut earliest = None;
        for (name, (used, at)) in cpu {
            let about = |resource| {
                let name = name.as_str();
                move |reason| missing(resource, Some(name), reason)
            };
            let (bytes, also_at) = memory
                .remove(&name)
                .ok_or_else(|| about("memory")(NoValue::NoSample))?;
            let at = at.min(also_at);
            earliest = Some(earliest.map_or(at, |known: Timestamp| known.min(at)));
            let used = Used {
                cpu: positive(used).map_err(about("cpu"))?,
                memory: positive(bytes)
                    .map_err(about("memory"))?
                    .with_format(Format::BinarySI),
            };
            containers.insert(name, used);
        }
        if let Some(name) = memory.keys().next() {
            return Err(missing("cpu", Some(name), NoValue::NoSample));
        }
        Ok(PodUse {
            timestamp: earliest.unwrap_or_default(),
            containers,
        })
    }
}

fn positive(sample: Result<f64, NoValue>) -> Result<Quantity, NoValue> {
    match sample? {
        below if below < 0.0 && below.is_finite() => Err(NoValue::Negative(below)),
        sample => quantity(sample),
    }
}
