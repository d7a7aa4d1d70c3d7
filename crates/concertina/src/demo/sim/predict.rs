//! The inference service: `GET /predict?query=…`, each answer paid with GPU time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use concertina_http::Body;
use concertina_sources::simulated::SimulatedNode;
use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

/// What the simulated model knows: words of a query and the intent they stand for.
const INTENTS: &[(&str, &str)] = &[
    ("music", "PlayMusic"),
    ("song", "PlayMusic"),
    ("weather", "GetWeather"),
    ("rain", "GetWeather"),
    ("restaurant", "BookRestaurant"),
    ("book", "RateBook"),
    ("movie", "SearchScreeningEvent"),
];

/// The service in front of all pods of the workload.
#[derive(Clone, Debug)]
pub(crate) struct Predict {
    node: Arc<SimulatedNode>,
    cost: Duration,
    served: Arc<AtomicU64>,
}

impl Predict {
    /// A service on the pods of `node` whose requests cost `cost` of GPU time each.
    pub(crate) fn new(node: Arc<SimulatedNode>, cost: Duration) -> Self {
        Self {
            node,
            cost,
            served: Arc::default(),
        }
    }

    /// How many requests were answered with a prediction.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    async fn answer(self, method: Method, path: String, query: String) -> Response<Body> {
        let plain = "text/plain; charset=utf-8";
        if path != "/predict" {
            let hint = "not found; try /predict?query=Music\n";
            return concertina_http::text(StatusCode::NOT_FOUND, plain, hint);
        }
        if method != Method::GET {
            let hint = "use GET\n";
            return concertina_http::text(StatusCode::METHOD_NOT_ALLOWED, plain, hint);
        }
        let pairs = concertina_http::query_pairs(&query);
        let Some((_, words)) = pairs.iter().find(|(name, _)| name == "query") else {
            let hint = "the parameter `query` is missing; try /predict?query=Music\n";
            return concertina_http::text(StatusCode::BAD_REQUEST, plain, hint);
        };
        let intent = intent(words);
        if !self.node.serve(self.cost).await {
            let hint = "no pod is ready, or its queue is full\n";
            return concertina_http::text(StatusCode::SERVICE_UNAVAILABLE, plain, hint);
        }
        self.served.fetch_add(1, Ordering::Relaxed);
        concertina_http::text(StatusCode::OK, "text/html; charset=utf-8", intent)
    }
}

fn intent(words: &str) -> &'static str {
    let words = words.to_lowercase();
    let known = INTENTS.iter().find(|(word, _)| words.contains(word));
    known.map_or("Unknown", |(_, intent)| intent)
}

impl<B> Service<Request<B>> for Predict {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(method, path, query).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::intent;

    #[test]
    fn the_walkthroughs_query_has_its_answer() {
        assert_eq!(intent("Music"), "PlayMusic");
        assert_eq!(intent("will it rain"), "GetWeather");
        assert_eq!(intent("xyzzy"), "Unknown");
    }
}
