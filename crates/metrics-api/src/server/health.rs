//! `/healthz`, `/livez` and `/readyz`.

use std::fmt;
use std::sync::Arc;

use crate::path::{HealthEndpoint, HealthRequest};

/// A check of the host's, made anew for each health request.
///
/// It answers with a detail (empty for none) or with what is wrong; both are shown to whoever asks
/// with `?verbose`, and everybody may ask.
#[derive(Clone)]
pub struct HealthCheck {
    name: String,
    endpoints: Vec<HealthEndpoint>,
    check: Arc<dyn Fn() -> Result<String, String> + Send + Sync>,
}

impl HealthCheck {
    /// A check of this name, part of `endpoints`.
    ///
    /// ```
    /// use concertina_metrics_api::path::HealthEndpoint;
    /// use concertina_metrics_api::server::HealthCheck;
    ///
    /// let listed = || Err("no series was listed yet".to_owned());
    /// let check = HealthCheck::new("relist", [HealthEndpoint::Readyz], listed);
    /// assert_eq!(check.name(), "relist");
    /// ```
    pub fn new(
        name: impl Into<String>,
        endpoints: impl IntoIterator<Item = HealthEndpoint>,
        check: impl Fn() -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            endpoints: endpoints.into_iter().collect(),
            check: Arc::new(check),
        }
    }

    /// `ping`, which always succeeds, as every API server of Kubernetes has it.
    pub(super) fn ping() -> Self {
        Self::new("ping", HealthEndpoint::ALL, || Ok(String::new()))
    }

    /// Its name: the last part of its own path, `/readyz/NAME`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The endpoints that it is part of.
    #[must_use]
    pub fn endpoints(&self) -> &[HealthEndpoint] {
        &self.endpoints
    }
}

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthCheck")
            .field("name", &self.name)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// What a health request is answered with: whether all is well, and the text. None when the check
/// that is asked for does not exist.
pub(super) fn answer(checks: &[HealthCheck], request: &HealthRequest) -> Option<(bool, String)> {
    let endpoint = request.endpoint;
    let mut of_endpoint = checks
        .iter()
        .filter(|check| check.endpoints.contains(&endpoint));
    if let Some(name) = &request.check {
        let found = of_endpoint.find(|check| check.name == *name)?;
        return Some(match (found.check)() {
            Ok(_) => (true, "ok".to_owned()),
            Err(reason) => (false, format!("internal server error: {reason}\n")),
        });
    }
    let mut all_well = true;
    let mut text = String::new();
    for check in of_endpoint {
        let name = &check.name;
        let line = if request.exclude.contains(name) {
            format!("[+]{name} excluded: ok\n")
        } else {
            match (check.check)() {
                Ok(detail) if detail.is_empty() => format!("[+]{name} ok\n"),
                Ok(detail) => format!("[+]{name} ok: {detail}\n"),
                Err(reason) => {
                    all_well = false;
                    format!("[-]{name} failed: {reason}\n")
                }
            }
        };
        text.push_str(&line);
    }
    let end = if all_well { "passed" } else { "failed" };
    text.push_str(&format!("{} check {end}\n", endpoint.as_str()));
    if all_well && !request.verbose {
        text = "ok".to_owned();
    }
    Some((all_well, text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn ask(check: Option<&str>, verbose: bool, exclude: &[&str]) -> Option<(bool, String)> {
        let readyz = [HealthEndpoint::Readyz];
        let checks = [
            HealthCheck::ping(),
            HealthCheck::new("rules", readyz, || Ok("the file of 12:00".to_owned())),
            HealthCheck::new("relist", readyz, || Err("nothing listed yet".to_owned())),
        ];
        let request = HealthRequest {
            endpoint: HealthEndpoint::Readyz,
            check: check.map(str::to_owned),
            verbose,
            exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
        };
        answer(&checks, &request)
    }

    #[test]
    fn a_failed_check_is_told() {
        let (well, text) = ask(None, false, &[]).unwrap();
        assert!(!well);
        insta::assert_snapshot!(text, @r"
        [+]ping ok
        [+]rules ok: the file of 12:00
        [-]relist failed: nothing listed yet
        readyz check failed
        ");
        assert_eq!(ask(Some("ping"), false, &[]), Some((true, "ok".to_owned())));
        assert!(!ask(Some("relist"), false, &[]).unwrap().0);
        assert_eq!(ask(Some("nothing"), false, &[]), None);
    }

    #[test]
    fn an_excluded_check_is_not_made() {
        assert_eq!(ask(None, false, &["relist"]), Some((true, "ok".to_owned())));
        let (_, text) = ask(None, true, &["relist"]).unwrap();
        assert!(text.contains("[+]relist excluded: ok"), "{text}");
        assert!(text.ends_with("readyz check passed\n"), "{text}");
    }
}
