//! Faults on demand.

use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The answer comes this much later.
    Delay(Duration),
    /// The answer is an error of this status.
    Status(u16),
    /// The answer is a 200 with this text, whatever was asked.
    Garbage(String),
    /// No answer comes.
    Hang,
    /// The connection breaks off in the middle of the answer.
    Drop,
}

/// A fault: which requests it is for, and what becomes of them.
///
/// ```
/// use concertina_sandbox::{Fault, Then};
///
/// let fault = Fault::new("/api/v1/pods", Then::Status(503)).times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    path: String,
    then: Then,
    left: Option<u32>,
}

impl Fault {
    /// A fault of all requests whose path (with its query) begins with `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, then: Then) -> Self {
        Self {
            path: path.into(),
            then,
            left: None,
        }
    }

    /// Only this many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            left: Some(times),
            ..self
        }
    }

    /// What happens to this request, if something does.
    pub(crate) fn meet(&mut self, path: &str) -> Option<Then> {
        if !path.starts_with(&self.path) || self.left == Some(0) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.then.clone())
    }
}
