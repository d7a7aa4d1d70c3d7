//! The API over HTTP.

mod discovery;
mod read;
mod route;
mod scale;
mod watch;
mod write;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use concertina_http::{Body, HttpBody, read_body};
use http::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;
use tower_service::Service;

use crate::audit::AuditEntry;
use crate::{ApiError, Question, Sandbox, Then, User};
use read::Query;
use route::Route;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 4 << 20;

/// A document as JSON.
fn answer(status: StatusCode, document: &Value) -> Response<Body> {
    concertina_http::json(status, document.to_string() + "\n")
}

fn refused(error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = answer(status, &error.status());
    if status == StatusCode::TOO_MANY_REQUESTS {
        let after = crate::error::RETRY_AFTER.into();
        response.headers_mut().insert(RETRY_AFTER, after);
    }
    response
}

fn header(headers: &HeaderMap, name: http::HeaderName) -> &str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// A request.
struct Ask<'a> {
    sandbox: &'a Sandbox,
    method: &'a Method,
    query: &'a Query,
    headers: &'a HeaderMap,
    body: &'a [u8],
    user: &'a str,
    user_agent: &'a str,
}

impl Sandbox {
    /// Answers one request.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let user = self.user(&head.headers);
        let name = user
            .as_ref()
            .map(|user| user.name.clone())
            .unwrap_or_default();
        let mut entry = AuditEntry {
            method: head.method.to_string(),
            path: target.to_owned(),
            user: name,
            user_agent: header(&head.headers, USER_AGENT).to_owned(),
            status: 0,
        };
        let mut broken = false;
        match self.meet_fault(target) {
            None => {}
            Some(Then::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Then::Status(code)) => {
                entry.status = code;
                self.note(entry);
                return refused(&ApiError::Fault(code));
            }
            Some(Then::Garbage(text)) => {
                entry.status = 200;
                self.note(entry);
                return concertina_http::json(StatusCode::OK, text);
            }
            Some(Then::Hang) => {
                self.note(entry);
                return std::future::pending().await;
            }
            Some(Then::Drop) => broken = true,
        }
        let response = match read_body(body, MAX_BODY).await {
            Ok(body) => self.dispatch(&head, user, body),
            Err(error) => Err(ApiError::BadRequest(error.to_string())),
        };
        let mut response = response.unwrap_or_else(|error| refused(&error));
        if broken {
            let (pieces, body) = Body::pieces(1);
            *response.body_mut() = body;
            pieces.break_off().await;
        } else {
            entry.status = response.status().as_u16();
        }
        self.note(entry);
        response
    }

    /// Who asks, by the token; an unknown token is nobody.
    fn user(&self, headers: &HeaderMap) -> Option<User> {
        let token = header(headers, AUTHORIZATION).strip_prefix("Bearer ")?;
        let policy = self.policy();
        policy.user(token.trim(), self.shared.store.now()).cloned()
    }

    fn dispatch(
        &self,
        head: &http::request::Parts,
        user: Option<User>,
        body: Bytes,
    ) -> Result<Response<Body>, ApiError> {
        let (method, headers) = (&head.method, &head.headers);
        let query = Query::new(head.uri.query().unwrap_or_default());
        let kinds = self.shared.store.kinds();
        let kinds = &*kinds;
        let route = route::route(head.uri.path(), kinds)?;
        let ask = Ask {
            sandbox: self,
            method,
            query: &query,
            headers,
            body: &body,
            user: user.as_ref().map_or("", |user| &user.name),
            user_agent: header(headers, USER_AGENT),
        };
        if self.shared.enforce {
            let user = user.as_ref().ok_or(ApiError::Unauthorized)?;
            self.permitted(user, head.uri.path(), method, &query, &route)?;
        }
        let get = matches!(*method, Method::GET | Method::HEAD);
        match (&route, method) {
            (Route::Fixed(name @ ("healthz" | "livez" | "readyz")), _) if get => {
                let _ = name;
                Ok(concertina_http::text(
                    StatusCode::OK,
                    "text/plain; charset=utf-8",
                    "ok",
                ))
            }
            (Route::Fixed("apis"), _) if get => {
                Ok(answer(StatusCode::OK, &discovery::group_list(kinds)))
            }
            (Route::Fixed(name), _) if get => Ok(answer(StatusCode::OK, &discovery::fixed(name))),
            (Route::Group(name), _) if get => {
                Ok(answer(StatusCode::OK, &discovery::one_group(kinds, name)?))
            }
            (Route::Version(group, version), _) if get => {
                let list = discovery::resources(kinds, group, version)?;
                Ok(answer(StatusCode::OK, &list))
            }
            (Route::Review(review), &Method::POST) => {
                let asked = crate::patch::parse(&body)?;
                let policy = self.policy();
                let told = match *review {
                    "tokenreviews" => policy.review_token(&asked, self.shared.store.now()),
                    _ => policy.review_access(&asked),
                };
                Ok(answer(StatusCode::CREATED, &told))
            }
            (Route::Collection { kind, namespace }, _) if get => {
                read::collection(self, *kind, namespace.as_deref(), &query, headers)
            }
            (Route::Collection { kind, namespace }, &Method::POST) => {
                ask.create(*kind, namespace.as_deref())
            }
            (Route::Collection { kind, namespace }, &Method::DELETE) => {
                ask.delete_all(*kind, namespace.as_deref())
            }
            (Route::Object { key, subresource }, _) if get => {
                read::object(self, key, subresource, headers)
            }
            (Route::Object { key, subresource }, &Method::PUT | &Method::PATCH) => {
                ask.change(key, subresource)
            }
            (Route::Object { key, subresource }, &Method::DELETE) => ask.delete(key, subresource),
            _ => Err(ApiError::Method),
        }
    }

    /// Whether the policy lets this user do this.
    fn permitted(
        &self,
        user: &User,
        path: &str,
        method: &Method,
        query: &Query,
        route: &Route,
    ) -> Result<(), ApiError> {
        let verb = |one: bool| match *method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if one => "delete",
            Method::DELETE => "deletecollection",
            _ if query.flag("watch") => "watch",
            _ if one => "get",
            _ => "list",
        };
        let of = |kind: usize, sub: &str, namespace: &str, one: bool| {
            let kinds = self.shared.store.kinds();
            let kind = kinds.get(kind);
            let plural = kind.map(|kind| kind.plural.clone()).unwrap_or_default();
            Question {
                verb: verb(one).to_owned(),
                group: kind.map(|kind| kind.group.clone()).unwrap_or_default(),
                resource: match sub {
                    "" => plural,
                    sub => format!("{plural}/{sub}"),
                },
                namespace: namespace.to_owned(),
                path: String::new(),
            }
        };
        let question = match route {
            Route::Collection { kind, namespace } => {
                of(*kind, "", namespace.as_deref().unwrap_or_default(), false)
            }
            Route::Object { key, subresource } => of(key.kind, subresource, &key.namespace, true),
            Route::Review(review) => Question {
                verb: "create".to_owned(),
                group: route::REVIEWS
                    .into_iter()
                    .find(|(_, name, _)| name == review)
                    .map(|(group, _, _)| group.to_owned())
                    .unwrap_or_default(),
                resource: (*review).to_owned(),
                ..Question::default()
            },
            _ => Question {
                verb: "get".to_owned(),
                path: path.to_owned(),
                ..Question::default()
            },
        };
        if self.policy().allows(user, &question) {
            return Ok(());
        }
        let what = match question.resource.as_str() {
            "" => format!("path \"{path}\""),
            resource => format!(
                "resource \"{resource}\" in API group \"{}\"",
                question.group
            ),
        };
        let (name, verb) = (&user.name, &question.verb);
        Err(ApiError::Forbidden(format!(
            "forbidden: User \"{name}\" cannot {verb} {what}"
        )))
    }
}

impl<B> Service<Request<B>> for Sandbox
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.respond(request).await) })
    }
}
