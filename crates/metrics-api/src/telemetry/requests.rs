//! What is counted of requests.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Method, Request, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tower_service::Service;

use crate::types::Group;

/// Upper ends of the histogram's buckets, in seconds.
const BUCKETS: [f64; 10] = [0.0005, 0.002, 0.005, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    verb: &'static str,
    group: &'static str,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    verb: &'static str,
    group: &'static str,
}

/// Counts requests by verb, group and code; clones count together.
///
/// The verb is that of HTTP, in small letters, or `other`; the group is empty for paths outside the
/// groups of metrics; the code is 0 for a request that was given up before it was answered: the
/// client left, or the server's deadline passed.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    requests: Family<Labels, Counter>,
    duration: Family<Asked, Histogram, fn() -> Histogram>,
}

impl RequestMetrics {
    /// Counters in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register(
            "requests",
            "Requests by verb, group and status code",
            metrics.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "How long requests took, until the answer was ready or the request was given up",
            metrics.duration.clone(),
        );
        metrics
    }

    /// `inner`, whose requests are counted. What stands outside of it is not: put authentication
    /// inside.
    pub fn wrap<S>(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            metrics: self.clone(),
        }
    }

    fn begin(&self, method: &Method, path: &str) -> Begun {
        Begun {
            metrics: self.clone(),
            asked: Asked {
                verb: verb(method),
                group: group(path),
            },
            at: Instant::now(),
            code: 0,
        }
    }
}

/// A service whose requests are counted, as [`RequestMetrics::wrap`] makes it.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    inner: S,
    metrics: RequestMetrics,
}

impl<S, B, T> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>, Response = Response<T>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<T>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<T>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let begun = self.metrics.begin(request.method(), request.uri().path());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut begun = begun;
            let answer = answer.await;
            if let Ok(answer) = &answer {
                begun.code = answer.status().as_u16();
            }
            answer
        })
    }
}

/// A request that is counted when it ends, whichever way.
struct Begun {
    metrics: RequestMetrics,
    asked: Asked,
    at: Instant,
    code: u16,
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Asked { verb, group } = self.asked;
        let code = self.code;
        let labels = Labels { verb, group, code };
        self.metrics.requests.get_or_create(&labels).inc();
        let duration = self.metrics.duration.get_or_create(&self.asked);
        duration.observe(self.at.elapsed().as_secs_f64());
    }
}

fn verb(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        _ => "other",
    }
}

fn group(path: &str) -> &'static str {
    let name = path
        .strip_prefix("/apis/")
        .and_then(|rest| rest.split('/').next());
    let known = Group::ALL.into_iter().map(Group::name);
    known
        .into_iter()
        .find(|group| Some(*group) == name)
        .unwrap_or("")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use http::StatusCode;

    /// Answers 404, or never.
    #[derive(Clone)]
    struct Stuck;

    impl Service<Request<()>> for Stuck {
        type Response = Response<()>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            Box::pin(async move {
                if request.uri().path() == "/stuck" {
                    std::future::pending::<()>().await;
                }
                let mut response = Response::new(());
                *response.status_mut() = StatusCode::NOT_FOUND;
                Ok(response)
            })
        }
    }

    #[tokio::test]
    async fn requests_are_counted_also_those_that_are_given_up() {
        let mut registry = Registry::default();
        let mut service = RequestMetrics::register(&mut registry).wrap(Stuck);
        let ask = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path);
            request.body(()).unwrap()
        };
        let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/n/m";
        for (method, path) in [
            ("GET", external),
            ("GET", external),
            ("POST", "/apis/custom.metrics.k8s.io"),
            ("BREW", "/apis/other.k8s.io/v1"),
            ("GET", "/apis/metrics.k8s.io.evil"),
        ] {
            service.call(ask(method, path)).await.unwrap();
        }
        let stuck = service.call(ask("GET", "/stuck"));
        assert!(futures_util::FutureExt::now_or_never(stuck).is_none());
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let mut counts: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("requests_total"))
            .collect();
        counts.sort_unstable();
        insta::assert_snapshot!(counts.join("\n"), @r#"
        requests_total{verb="get",group="",code="0"} 1
        requests_total{verb="get",group="",code="404"} 1
        requests_total{verb="get",group="external.metrics.k8s.io",code="404"} 2
        requests_total{verb="other",group="",code="404"} 1
        requests_total{verb="post",group="custom.metrics.k8s.io",code="404"} 1
        "#);
    }
}
