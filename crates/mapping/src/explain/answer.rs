//! What came back.

use concertina_model::{QueryAnswer, QueryValue};

use super::series::some;
use super::{About, Asked, Explanation, Found, Step, Taken};
use crate::{Answer, ExternalValue, NoValue};

impl Explanation {
    /// Takes in what Prometheus answered to [`query`](Self::query), or why it did not.
    pub fn answered(&mut self, answer: &Result<QueryAnswer, String>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let mut steps = Vec::new();
        match answer {
            Err(error) => steps.push(lost(
                Step::Answer,
                error.clone(),
                "`concertina check` tells more about the rule's query.",
            )),
            Ok(answer) => {
                let found = match &answer.value {
                    QueryValue::Vector(samples) => match samples.len() {
                        1 => "1 sample".to_owned(),
                        count => format!("{count} samples"),
                    },
                    other => format!("a {}", other.type_name()),
                };
                steps.push(passed(Step::Answer, found));
                let (value, values) = asked.values(answer);
                steps.push(value);
                self.values = values;
            }
        }
        if let Some(trace) = self.traces.first_mut() {
            trace.steps.extend(steps);
        }
        self.asked = Some(asked);
        self.summarize();
    }
}

impl Asked {
    fn values(&self, answer: &QueryAnswer) -> (Taken, Vec<Found>) {
        let read = match self {
            Self::Custom { plan, about } => plan
                .read(&answer.value)
                .map(|values| (about.help(&values), about.found(&values))),
            Self::External(plan) => plan.read(answer).map(|values| {
                let help = "No series has the labels that are asked for.".to_owned();
                (help, values.iter().map(of_series).collect())
            }),
        };
        let (help, found) = match read {
            Ok(read) => read,
            Err(error) => return (lost(Step::Value, error.to_string(), ""), Vec::new()),
        };
        let with_value = found.iter().filter(|found| found.value.is_some()).count();
        let told = match found.as_slice() {
            [] => "the list is empty".to_owned(),
            [one] => one.to_string(),
            all => format!("{with_value} of {} have one", all.len()),
        };
        let taken = match with_value {
            0 => lost(Step::Value, told, &help),
            _ => passed(Step::Value, told),
        };
        (taken, found)
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = self.value.as_deref().or(self.reason.as_deref());
        write!(f, "{}: {}", self.of, told.unwrap_or_default())
    }
}

impl About {
    fn found(&self, values: &Answer) -> Vec<Found> {
        let one = |object: &String| found(object.clone(), values.value(object));
        self.objects.iter().map(one).collect()
    }

    /// What to do when no object has a value.
    fn help(&self, values: &Answer) -> String {
        let asked_for = |name: &&str| self.objects.iter().any(|object| object == *name);
        let is_there = |object| self.there.contains(object);
        if values.names().any(str::is_empty) {
            "The samples do not have the label of the objects: aggregate with `by (<<.GroupBy>>)`."
                .to_owned()
        } else if self
            .objects
            .iter()
            .any(|object| matches!(values.value(object), Err(NoValue::Ambiguous(..))))
        {
            "Let `metricsQuery` aggregate them: `avg(…) by (<<.GroupBy>>)`, or `sum` or `max`."
                .to_owned()
        } else if values.names().any(|name| asked_for(&name)) {
            "Look at the query's parts in Prometheus, one by one: which of them gives this?"
                .to_owned()
        } else if self.objects.iter().any(is_there) {
            "Its series are there, and the query drops them: try its parts in Prometheus, one by \
             one."
                .to_owned()
        } else if self.there.is_empty() {
            let place = match &self.namespace {
                Some(namespace) => format!(" in the namespace {namespace}"),
                None => String::new(),
            };
            format!("No series names an object{place}: is the exporter that sees it scraped?")
        } else {
            format!("There are series of {}.", some(&self.there))
        }
    }
}

fn of_series(value: &ExternalValue) -> Found {
    found(value.labels.to_string(), value.value.clone())
}

fn found(of: String, value: Result<concertina_model::Quantity, NoValue>) -> Found {
    let (value, reason) = match value {
        Ok(quantity) => (Some(quantity.to_string()), None),
        Err(reason) => (None, Some(reason.to_string())),
    };
    Found { of, value, reason }
}

fn passed(step: Step, found: String) -> Taken {
    Taken {
        step,
        passed: true,
        found,
        help: None,
    }
}

fn lost(step: Step, found: String, help: &str) -> Taken {
    Taken {
        step,
        passed: false,
        found,
        help: (!help.is_empty()).then(|| help.to_owned()),
    }
}
