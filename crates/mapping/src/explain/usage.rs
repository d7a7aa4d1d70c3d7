//! The use of a pod or a node, as `resourceRules` ask for it.

use std::fmt;

use concertina_model::QueryAnswer;
use concertina_rules::{ResourceQueries, ResourceRules, RuleFile};
use serde::Serialize;

use super::Found;
use super::series::{SOME_NAMESPACE, SOME_OBJECT};
use crate::{Resources, UsagePlan, UsageRules};

/// One of the queries of `resourceRules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageQuery {
    /// `CPU of pods` and the like.
    pub of: String,
    /// The PromQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Whose use is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageQuestion {
    /// A pod's.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A node's.
    Node {
        /// Its name.
        name: String,
    },
}

/// What is to be told of the use of an object.
#[derive(Clone, Debug, Serialize)]
pub struct UsageExplanation {
    /// `the use of the pod bert-1 in shop`.
    pub subject: String,
    /// The whole story in a sentence.
    pub summary: String,
    /// The queries for CPU and for memory.
    pub queries: Vec<UsageQuery>,
    /// What came back for each container, or for the node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Found>,
    /// Whether nothing keeps the use from being told.
    pub there: bool,
    #[serde(skip)]
    plan: Option<UsagePlan>,
    #[serde(skip)]
    question: UsageQuestion,
}

/// How `resourceRules` ask for the use of an object, and why they cannot.
///
/// ```
/// use concertina_mapping::ResourceTable;
/// use concertina_mapping::explain::{UsageQuestion, usage_of};
/// use concertina_rules::RuleFile;
///
/// let question = UsageQuestion::Node { name: "gpu-1".to_owned() };
/// let told = usage_of(&RuleFile::default(), &ResourceTable::builtin(), question);
/// assert_eq!(
///     told.summary,
///     "the use of the node gpu-1 is not there: the file has no `resourceRules`",
/// );
/// ```
#[must_use]
pub fn usage_of(
    file: &RuleFile,
    known: &dyn Resources,
    question: UsageQuestion,
) -> UsageExplanation {
    let subject = match &question {
        UsageQuestion::Pod { namespace, name } => {
            format!("the use of the pod {name} in {namespace}")
        }
        UsageQuestion::Node { name } => format!("the use of the node {name}"),
    };
    let rules = match &file.resource_rules {
        Some(rules) => compiled(rules, known),
        None => Err("the file has no `resourceRules`".to_owned()),
    };
    let plan = rules.map(|rules| match &question {
        UsageQuestion::Pod { namespace, name } => (
            "pods",
            rules.plan_pods(namespace, std::slice::from_ref(name), known),
        ),
        UsageQuestion::Node { name } => {
            ("nodes", rules.plan_nodes(std::slice::from_ref(name), known))
        }
    });
    let mut told = UsageExplanation {
        summary: format!("{subject} can be asked for"),
        subject,
        queries: Vec::new(),
        values: Vec::new(),
        there: true,
        plan: None,
        question,
    };
    match plan {
        Ok((resource, plan)) => {
            told.queries = queries(resource, &plan);
            let problem = told.queries.iter().find_map(|query| {
                let problem = query.problem.as_ref()?;
                Some(format!("there is no query for {}: {problem}", query.of))
            });
            if let Some(problem) = problem {
                told.lost(&problem);
            }
            told.plan = Some(plan);
        }
        Err(problem) => told.lost(&problem),
    }
    told
}

impl UsageExplanation {
    /// The PromQL for CPU and for memory, when both can be asked.
    #[must_use]
    pub fn asked(&self) -> Option<(&str, &str)> {
        let plan = self.plan.as_ref()?;
        Some((plan.cpu().ok()?, plan.memory().ok()?))
    }

    /// Takes in what Prometheus answered to [`asked`](Self::asked), or why it did not.
    pub fn answered(
        &mut self,
        cpu: &Result<QueryAnswer, String>,
        memory: &Result<QueryAnswer, String>,
    ) {
        let Some(plan) = &self.plan else {
            return;
        };
        let read = match (cpu, memory) {
            (Err(error), _) | (_, Err(error)) => Err(error.clone()),
            (Ok(cpu), Ok(memory)) => plan
                .read(&cpu.value, &memory.value)
                .map_err(|error| error.to_string()),
        };
        let used = |of: &str, used: &crate::Used| Found {
            of: of.to_owned(),
            value: Some(format!("cpu {}, memory {}", used.cpu, used.memory)),
            reason: None,
        };
        let found = read.and_then(|usage| match &self.question {
            UsageQuestion::Pod { name, .. } => {
                let pod = usage.pod(name).map_err(|error| error.to_string())?;
                let containers = pod.containers.iter();
                Ok(containers.map(|(name, of)| used(name, of)).collect())
            }
            UsageQuestion::Node { name } => {
                let node = usage.node(name).map_err(|error| error.to_string())?;
                Ok(vec![used(name, &node.used)])
            }
        });
        match found {
            Ok(found) => {
                self.values = found;
                self.summary = format!("{} is there", self.subject);
            }
            Err(problem) => self.lost(&problem),
        }
    }

    fn lost(&mut self, why: &str) {
        self.there = false;
        self.summary = format!("{} is not there: {why}", self.subject);
    }
}

impl fmt::Display for UsageExplanation {
    /// The queries, what came back, and the verdict.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.queries.is_empty() {
            writeln!(f, "resourceRules")?;
            for query in &self.queries {
                write!(f, "{query}")?;
            }
            writeln!(f)?;
        }
        if !self.values.is_empty() {
            writeln!(f, "values")?;
            for found in &self.values {
                writeln!(f, "  {found}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{}", self.summary)
    }
}

fn compiled(rules: &ResourceRules, known: &dyn Resources) -> Result<UsageRules, String> {
    let queries = ResourceQueries::compile(rules).map_err(|error| error.to_string())?;
    UsageRules::new(&queries, known).map_err(|error| error.to_string())
}

fn queries(resource: &str, plan: &UsagePlan) -> Vec<UsageQuery> {
    [("CPU", plan.cpu()), ("memory", plan.memory())]
        .map(|(what, query)| UsageQuery {
            of: format!("{what} of {resource}"),
            query: query.ok().map(str::to_owned),
            problem: query.err().map(ToString::to_string),
        })
        .into()
}

/// All queries, as for an object called NAME.
pub(super) fn usage(rules: &ResourceRules, known: &dyn Resources) -> Vec<UsageQuery> {
    let rules = match compiled(rules, known) {
        Ok(rules) => rules,
        Err(problem) => {
            return vec![UsageQuery {
                of: "pods and nodes".to_owned(),
                query: None,
                problem: Some(problem),
            }];
        }
    };
    let names = [SOME_OBJECT.to_owned()];
    let mut all = queries("pods", &rules.plan_pods(SOME_NAMESPACE, &names, known));
    all.extend(queries("nodes", &rules.plan_nodes(&names, known)));
    all
}
