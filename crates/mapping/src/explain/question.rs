//! What is asked about.

use concertina_model::{GroupResource, LabelSelector};

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The metric as it is exposed.
    pub metric: String,
    /// The resource; None for an external metric.
    pub resource: Option<GroupResource>,
    /// The namespace; None takes the one of a series that is there.
    pub namespace: Option<String>,
    /// The object; None takes those that series name, at most 50.
    pub object: Option<String>,
    /// The metric selector.
    pub selector: LabelSelector,
}

/// Why a text is no question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no metric: write pods/NAME, deployments.apps/NAME, external/NAME, \
     external/NAMESPACE/NAME, or a NAME, which is one of pods"
)]
pub struct QuestionError(String);

impl Question {
    /// Reads `pods/METRIC`, `deployments.apps/METRIC`, `external/METRIC`,
    /// `external/NAMESPACE/METRIC`; a bare `METRIC` is one of pods.
    ///
    /// # Errors
    ///
    /// [`QuestionError`] when a part is missing or one is too many.
    ///
    /// ```
    /// use concertina_mapping::explain::Question;
    ///
    /// let question = Question::parse("external/shop/queue_length").unwrap();
    /// assert_eq!((question.metric.as_str(), question.resource), ("queue_length", None));
    /// assert_eq!(question.namespace.as_deref(), Some("shop"));
    /// assert!(Question::parse("pods/").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, QuestionError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (resource, namespace, metric) = match *parts.as_slice() {
            [metric] => (Some(GroupResource::core("pods")), None, metric),
            ["external", metric] => (None, None, metric),
            ["external", namespace, metric] => (None, Some(namespace.to_owned()), metric),
            [resource, metric] => {
                let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
                (Some(GroupResource::new(group, resource)), None, metric)
            }
            _ => return Err(QuestionError(text.to_owned())),
        };
        if parts.iter().any(|part| part.trim().is_empty()) {
            return Err(QuestionError(text.to_owned()));
        }
        Ok(Self {
            metric: metric.to_owned(),
            resource,
            namespace,
            ..Self::default()
        })
    }

    pub(super) fn subject(&self) -> String {
        match &self.resource {
            Some(resource) => format!("{resource}/{}", self.metric),
            None => format!("external/{}", self.metric),
        }
    }
}
