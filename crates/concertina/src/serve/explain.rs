//! `/debug/explain`: what `concertina explain --format json` prints, of the rules in use and the
//! numbers that they are served from.

use std::sync::Arc;

use concertina_http::{Body, query_pairs};
use concertina_metrics_api::types::Status;
use concertina_rules::RuleFile;
use http::{Method, Response, StatusCode};

use super::live::Live;
use crate::explain::{self, ExplainError, Wanted};
use crate::probe::Probe;

pub(super) const PATH: &str = "/debug/explain";

/// How many explanations are made at once: each asks for all series of some rules.
pub(super) const AT_ONCE: usize = 2;

/// The answer to a request. The query's parameters are `metric`, as the command takes it,
/// `namespace`, `object` and `selector`; without a metric it tells what each rule serves.
pub(super) async fn answer(live: Arc<Live>, method: Method, query: String) -> Response<Body> {
    if method != Method::GET {
        return told(&Status::method_not_allowed());
    }
    let wanted = match wanted(&query) {
        Ok(wanted) => wanted,
        Err(reason) => return told(&Status::bad_request(reason)),
    };
    // The semaphore is never closed; who waits too long meets the deadline of requests.
    let _permit = live.explaining.acquire().await;
    match explained(&live, &wanted).await {
        Ok(text) => concertina_http::json(StatusCode::OK, text),
        Err(error @ (ExplainError::Question(_) | ExplainError::Path { .. })) => {
            told(&Status::bad_request(error.to_string()))
        }
        Err(error) => told(&Status::internal_error(error.to_string())),
    }
}

async fn explained(live: &Live, wanted: &Wanted) -> Result<String, ExplainError> {
    let text = live.text();
    let file = RuleFile::parse(&text).map_err(|error| ExplainError::Rules {
        path: "the rules in use".into(),
        message: error.to_string(),
    })?;
    let probe = Probe::of_source(Arc::clone(&live.ground.source));
    let told = explain::tell(&file, &text, wanted, Some(&probe)).await?;
    explain::json(&told)
}

/// What the query asks for.
fn wanted(query: &str) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    for (name, value) in query_pairs(query) {
        match name.as_str() {
            "metric" => wanted.metric = Some(value),
            "namespace" => wanted.namespace = Some(value),
            "object" => wanted.object = Some(value),
            "selector" => {
                let selector = value.parse();
                let selector = selector.map_err(|error| format!("selector: {error}"))?;
                wanted.selector = Some(selector);
            }
            _ => {
                return Err(format!(
                    "unknown parameter `{name}`: there are metric, namespace, object and selector"
                ));
            }
        }
    }
    let beside = wanted.namespace.is_some() || wanted.object.is_some() || wanted.selector.is_some();
    match wanted.metric {
        None if beside => Err("name a metric beside it: metric=pods/NAME".to_owned()),
        _ => Ok(wanted),
    }
}

fn told(status: &Status) -> Response<Body> {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // A Status has nothing that JSON cannot hold.
    let body = serde_json::to_vec(status).unwrap_or_default();
    concertina_http::json(code, body)
}
