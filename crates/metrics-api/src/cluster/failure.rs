//! What the API server, or the way to it, says when there is no answer.

use std::error::Error;

use kube::runtime::watcher;

/// A failure, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The status, when the API server answered.
    pub(super) status: Option<u16>,
    /// What is wrong.
    pub(super) reason: String,
}

impl From<&kube::Error> for Failure {
    fn from(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self {
                status: Some(status.code),
                reason: format!(
                    "the API server answers {}: {}",
                    status.code,
                    status.message.trim()
                ),
            },
            kube::Error::SerdeError(error) => Self {
                status: None,
                reason: format!("the API server's answer cannot be read: {error}"),
            },
            error => Self {
                status: None,
                reason: format!("the API server cannot be asked: {}", innermost(error)),
            },
        }
    }
}

impl From<&watcher::Error> for Failure {
    fn from(error: &watcher::Error) -> Self {
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => error.into(),
            watcher::Error::WatchError(status) => (&kube::Error::Api(status.clone())).into(),
            watcher::Error::NoResourceVersion => Self {
                status: None,
                reason: "the API server's list has no resourceVersion".to_owned(),
            },
        }
    }
}

/// The cause that tells most: outer errors only say that something failed.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
