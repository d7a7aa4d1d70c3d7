//! Who is who, and who may do what.

use std::collections::BTreeMap;

use concertina_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Somebody who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The name: `system:serviceaccount:default:default`.
    #[serde(rename = "username", alias = "user")]
    pub name: String,
    /// Their unique id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// More about them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user of these groups.
    pub fn new<'a>(name: &str, groups: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            name: name.to_owned(),
            groups: groups.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        }
    }
}

/// Whom a permission is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody, also who is not known.
    Everybody,
    /// One user.
    User(String),
    /// All of a group.
    Group(String),
}

/// What a permission is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Everything.
    Everything,
    /// GET of paths that are no resources; one that ends with `*` means all that begin so.
    Paths(Vec<String>),
    /// Resources of API groups, in a namespace or all; `*` means any.
    Resources {
        /// The API groups.
        groups: Vec<String>,
        /// The resources, with `/SUBRESOURCE` where it has one.
        resources: Vec<String>,
        /// The verbs.
        verbs: Vec<String>,
        /// The namespace; none for all.
        namespace: Option<String>,
    },
}

/// What is asked of a policy: may this user do this?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// `get`, `list`, `create`, …
    pub verb: String,
    /// The API group.
    pub group: String,
    /// The resource, with `/SUBRESOURCE` where there is one; empty for a path.
    pub resource: String,
    /// The namespace; empty for none.
    pub namespace: String,
    /// The path, when it is about one.
    pub path: String,
}

/// Tokens and permissions. Members of `system:masters` may do everything; all else is refused
/// unless a permission allows it.
///
/// ```
/// use concertina_sandbox::{Policy, Question, User, What, Who};
///
/// let policy = Policy::new()
///     .token("secret", User::new("alice", ["system:authenticated"]), None)
///     .allow(Who::User("alice".to_owned()), What::Paths(vec!["/apis/*".to_owned()]));
/// let question = Question { verb: "get".to_owned(), path: "/apis/x".to_owned(), ..Question::default() };
/// assert!(policy.allows(&User::new("alice", []), &question));
/// assert!(!policy.allows(&User::new("bob", []), &question));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    tokens: BTreeMap<String, (User, Option<Timestamp>)>,
    allowed: Vec<(Who, What)>,
}

impl Policy {
    /// Knows nobody and allows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Knows a bearer token, until a time or for ever.
    #[must_use]
    pub fn token(mut self, token: &str, user: User, until: Option<Timestamp>) -> Self {
        self.tokens.insert(token.to_owned(), (user, until));
        self
    }

    /// Allows something.
    #[must_use]
    pub fn allow(mut self, who: Who, what: What) -> Self {
        self.allowed.push((who, what));
        self
    }

    /// Whose token this is at this time.
    #[must_use]
    pub fn user(&self, token: &str, now: Timestamp) -> Option<&User> {
        let (user, until) = self.tokens.get(token)?;
        until.is_none_or(|until| now < until).then_some(user)
    }

    /// Whether `user` may do this.
    #[must_use]
    pub fn allows(&self, user: &User, question: &Question) -> bool {
        let in_group = |group: &String| user.groups.contains(group);
        in_group(&"system:masters".to_owned())
            || self.allowed.iter().any(|(who, what)| {
                let meant = match who {
                    Who::Everybody => true,
                    Who::User(name) => *name == user.name,
                    Who::Group(group) => in_group(group),
                };
                meant && what.covers(question)
            })
    }

    /// Answers a TokenReview.
    pub(crate) fn review_token(&self, review: &Value, now: Timestamp) -> Value {
        let token = review.pointer("/spec/token").and_then(Value::as_str);
        let status = match token.and_then(|token| self.user(token, now)) {
            Some(user) => json!({
                "authenticated": true,
                "user": user,
                "audiences": review.pointer("/spec/audiences"),
            }),
            None => json!({
                "user": {},
                "error": "[invalid bearer token]",
            }),
        };
        answered(review, status)
    }

    /// Answers a SubjectAccessReview.
    pub(crate) fn review_access(&self, review: &Value) -> Value {
        let spec = review.get("spec").cloned().unwrap_or_default();
        let user: User = serde_json::from_value(spec.clone()).unwrap_or_default();
        let text = |part: &str, name: &str| {
            let value = spec.get(part).and_then(|part| part.get(name));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (resource, path) = ("resourceAttributes", "nonResourceAttributes");
        let question = match spec.get(path) {
            Some(Value::Object(_)) => Question {
                verb: text(path, "verb"),
                path: text(path, "path"),
                ..Question::default()
            },
            _ => {
                let subresource = text(resource, "subresource");
                let of = text(resource, "resource");
                Question {
                    verb: text(resource, "verb"),
                    group: text(resource, "group"),
                    resource: match subresource.as_str() {
                        "" => of,
                        subresource => format!("{of}/{subresource}"),
                    },
                    namespace: text(resource, "namespace"),
                    path: String::new(),
                }
            }
        };
        let allowed = self.allows(&user, &question);
        answered(review, json!({"allowed": allowed}))
    }
}

fn answered(review: &Value, status: Value) -> Value {
    let mut review = review.clone();
    if let Some(review) = review.as_object_mut() {
        review.insert("status".to_owned(), status);
    }
    review
}

impl What {
    fn covers(&self, question: &Question) -> bool {
        let any = |list: &[String], wanted: &str| {
            list.iter().any(|one| match one.strip_suffix('*') {
                Some(begin) => wanted.starts_with(begin),
                None => one == wanted,
            })
        };
        match self {
            Self::Everything => true,
            Self::Paths(paths) => {
                !question.path.is_empty() && question.verb == "get" && any(paths, &question.path)
            }
            Self::Resources {
                groups,
                resources,
                verbs,
                namespace,
            } => {
                question.path.is_empty()
                    && any(groups, &question.group)
                    && any(resources, &question.resource)
                    && any(verbs, &question.verb)
                    && namespace
                        .as_ref()
                        .is_none_or(|namespace| *namespace == question.namespace)
            }
        }
    }
}
