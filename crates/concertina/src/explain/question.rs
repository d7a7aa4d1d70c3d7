//! What is asked about, as a user writes it.

use concertina_mapping::explain::{Question, UsageQuestion};
use concertina_metrics_api::path::{self, Request, UsageOf};
use concertina_metrics_api::provider::Objects;

use super::{ExplainError, Wanted};

/// The question about the use of an object, when METRIC is the path of one.
pub(super) fn of_use(metric: &str) -> Option<UsageQuestion> {
    let (path, query) = metric.split_once('?').unwrap_or((metric, ""));
    let Ok(Request::Usage(request)) = path::parse(path, query) else {
        return None;
    };
    let Objects::Named(name) = request.objects else {
        return None;
    };
    match request.of {
        UsageOf::Pods(namespace) => Some(UsageQuestion::Pod {
            namespace: namespace?,
            name,
        }),
        UsageOf::Nodes => Some(UsageQuestion::Node { name }),
    }
}

/// The question of METRIC and of what stands beside it, which counts more than a path.
pub(super) fn of(metric: &str, wanted: &Wanted) -> Result<Question, ExplainError> {
    let mut question = match metric.starts_with("/apis/") {
        true => of_path(metric)?,
        false => Question::parse(metric)?,
    };
    if let Some(namespace) = &wanted.namespace {
        question.namespace = Some(namespace.clone());
    }
    if let Some(object) = &wanted.object {
        question.object = Some(object.clone());
    }
    if let Some(selector) = &wanted.selector {
        question.selector = selector.clone();
    }
    Ok(question)
}

/// The question of a path as `kubectl get --raw` takes it.
fn of_path(text: &str) -> Result<Question, ExplainError> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let refused = |reason: String| ExplainError::Path {
        path: path.to_owned(),
        reason,
    };
    match path::parse(path, query).map_err(|error| refused(error.to_string()))? {
        Request::Metric(request) => Ok(Question {
            metric: request.metric.name,
            resource: Some(request.metric.resource),
            namespace: request.metric.namespace,
            object: match request.objects {
                Objects::Named(name) => Some(name),
                Objects::Matching(_) => None,
            },
            selector: request.metric.selector,
        }),
        Request::External(external) => Ok(Question {
            metric: external.name,
            namespace: Some(external.namespace),
            selector: external.selector,
            ..Question::default()
        }),
        Request::Usage(_) => Err(refused("name the pod or the node at the end".to_owned())),
        _ => Err(refused("this is the path of no metric".to_owned())),
    }
}
