//! Writing: create, update, patch, apply and delete.

use std::sync::Arc;

use concertina_http::Body;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{Ask, answer, scale};
use crate::patch::{Applied, Patch, parse};
use crate::schema::Schema;
use crate::store::{Deletion, Key, Part, Write, meta_text, set_meta};
use crate::{ApiError, Kind, WriteEntry};

impl Ask<'_> {
    /// Whether it is only to be said what would be.
    fn dry(&self) -> Result<bool, ApiError> {
        match self.query.get("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => {
                let what =
                    format!("dryRun: Unsupported value: \"{other}\": supported values: \"All\"");
                Err(ApiError::BadRequest(what))
            }
        }
    }

    /// Whose fields the changed ones are: the manager of the query, or the program that asks.
    fn manager<'a>(&'a self, api_version: &'a str, subresource: &'a str) -> Applied<'a> {
        let program = self.user_agent.split('/').next().unwrap_or_default();
        Applied {
            manager: match self.query.get("fieldManager") {
                "" if program.is_empty() => "unknown",
                "" => program,
                manager => manager,
            },
            force: self.query.flag("force"),
            api_version,
            subresource,
            now: self.sandbox.shared.store.now(),
        }
    }

    fn note(&self, verb: &'static str, kind: &Kind, subresource: &str, object: &Arc<Value>) {
        let revision = meta_text(object, "resourceVersion");
        self.sandbox.wrote(WriteEntry {
            at: self.sandbox.shared.store.now(),
            user: self.user.to_owned(),
            user_agent: self.user_agent.to_owned(),
            verb,
            resource: match subresource {
                "" => kind.resource(),
                subresource => format!("{}/{subresource}", kind.resource()),
            },
            namespace: meta_text(object, "namespace").to_owned(),
            name: meta_text(object, "name").to_owned(),
            revision: revision.parse().unwrap_or_default(),
            object: Arc::clone(object),
        });
    }

    /// Creates an object in a collection.
    pub(super) fn create(
        &self,
        kind: usize,
        namespace: Option<&str>,
    ) -> Result<Response<Body>, ApiError> {
        let store = &self.sandbox.shared.store;
        let object = parse(self.body)?;
        let mut name = meta_text(&object, "name").to_owned();
        if name.is_empty() {
            let prefix = meta_text(&object, "generateName");
            if prefix.is_empty() {
                let what = "name or generateName is required";
                return Err(ApiError::BadRequest(what.to_owned()));
            }
            let revision = *store.newest().borrow();
            name = format!("{prefix}{}", crate::names::suffix(revision));
        }
        let key = Key {
            kind,
            namespace: namespace.unwrap_or_default().to_owned(),
            name,
        };
        let kind = store.kind(&key)?;
        if kind.namespaced && namespace.is_none() {
            return Err(ApiError::Method);
        }
        if !meta_text(&object, "resourceVersion").is_empty() {
            let what = "resourceVersion should not be set on objects to be created";
            return Err(ApiError::BadRequest(what.to_owned()));
        }
        self.check(&key, &kind, &object)?;
        let api_version = kind.api_version();
        let by = self.manager(&api_version, "");
        let write = Write {
            part: Part::Spec,
            dry: self.dry()?,
            by: Some(&by),
            applied: false,
        };
        let created = store.create(&key, &write, object)?;
        if !write.dry {
            self.note("create", &kind, "", &created);
        }
        Ok(answer(StatusCode::CREATED, &created))
    }

    /// Whether an object is the one of its path, and of the path's kind.
    fn check(&self, key: &Key, kind: &Kind, object: &Value) -> Result<(), ApiError> {
        let wrong = |what: String| Err(ApiError::BadRequest(what));
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let api_version = kind.api_version();
        if text("kind").is_some_and(|name| name != kind.kind)
            || text("apiVersion").is_some_and(|version| version != api_version)
        {
            return wrong(format!(
                "the object provided is unrecognized: it is a {} of {}, and here is {} of {api_version}",
                text("kind").unwrap_or_default(),
                text("apiVersion").unwrap_or_default(),
                kind.kind
            ));
        }
        let (own, named) = (meta_text(object, "name"), &key.name);
        if !own.is_empty() && own != named {
            return wrong(format!(
                "the name of the object ({own}) does not match the name on the URL ({named})"
            ));
        }
        let own = meta_text(object, "namespace");
        if !own.is_empty() && own != key.namespace {
            return wrong(
                "the namespace of the object does not match the namespace of the request"
                    .to_owned(),
            );
        }
        match crate::names::problem(&kind.group, &key.name) {
            None => Ok(()),
            Some(problem) => Err(ApiError::Invalid {
                kind: kind.kind.clone(),
                group: kind.group.clone(),
                name: key.name.clone(),
                reason: format!("metadata.name: Invalid value: \"{}\": {problem}", key.name),
            }),
        }
    }

    /// Updates or patches an object or a subresource.
    pub(super) fn change(&self, key: &Key, subresource: &str) -> Result<Response<Body>, ApiError> {
        let store = &self.sandbox.shared.store;
        let kind = store.kind(key)?;
        let part = match subresource {
            "" => Part::Spec,
            "status" if kind.status => Part::Status,
            "scale" if kind.scale.is_some() => Part::Spec,
            _ => return Err(ApiError::NoSuchPath),
        };
        let patch = match *self.method == Method::PATCH {
            true => Some(Patch::read(&kind, self.headers, self.body)?),
            false => None,
        };
        let api_version = kind.api_version();
        let by = self.manager(&api_version, subresource);
        let mut write = Write {
            part,
            dry: self.dry()?,
            by: Some(&by),
            applied: false,
        };
        if let Some(Patch::Apply(config)) = &patch {
            write.applied = true;
            let config = self.config(key, &kind, subresource, config.clone())?;
            return self.apply(key, subresource, &write, &by, &config);
        }
        let schema = Schema::of(&kind);
        let given = match &patch {
            Some(_) => Value::Null,
            None => parse(self.body)?,
        };
        if patch.is_none() && subresource != "scale" {
            self.check(key, &kind, &given)?;
            self.revision_given(key, &kind, &given)?;
        }
        let wanted = |before: &Value, schema| match &patch {
            Some(patch) => patch.change(before, schema),
            None => Ok(given.clone()),
        };
        let changed = store.update(key, &write, |before| match &kind.scale {
            Some(paths) if subresource == "scale" => {
                let wanted = wanted(&scale::of(before, paths), Schema::Any)?;
                scale::put(before, paths, &wanted)
            }
            _ => wanted(before, schema),
        });
        let changed = match changed {
            Err(ApiError::NotFound { .. })
                if kind.create_on_update && patch.is_none() && subresource.is_empty() =>
            {
                let created = store.create(key, &write, given)?;
                if !write.dry {
                    self.note("create", &kind, "", &created);
                }
                return Ok(answer(StatusCode::CREATED, &created));
            }
            changed => changed?,
        };
        if !write.dry {
            let verb = if patch.is_some() { "patch" } else { "update" };
            self.note(verb, &kind, subresource, &changed);
        }
        Ok(answer(
            StatusCode::OK,
            &self.shown(&kind, subresource, &changed),
        ))
    }

    fn shown(&self, kind: &Kind, subresource: &str, object: &Arc<Value>) -> Arc<Value> {
        match &kind.scale {
            Some(paths) if subresource == "scale" => Arc::new(scale::of(object, paths)),
            _ => Arc::clone(object),
        }
    }

    /// Some kinds are only updated by who knows what was there.
    fn revision_given(&self, key: &Key, kind: &Kind, object: &Value) -> Result<(), ApiError> {
        if !kind.conditional || !meta_text(object, "resourceVersion").is_empty() {
            return Ok(());
        }
        if kind.create_on_update && self.sandbox.shared.store.get(key).is_err() {
            return Ok(());
        }
        Err(ApiError::Invalid {
            kind: kind.kind.clone(),
            group: kind.group.clone(),
            name: key.name.clone(),
            reason: "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
                .to_owned(),
        })
    }

    /// What is applied to an object, when this is applied to it or to a subresource.
    fn config(
        &self,
        key: &Key,
        kind: &Kind,
        subresource: &str,
        mut config: Value,
    ) -> Result<Value, ApiError> {
        if self.query.get("fieldManager").is_empty() {
            let what = "fieldManager: Required value: is required for apply patch";
            return Err(ApiError::BadRequest(what.to_owned()));
        }
        if config
            .pointer("/metadata/managedFields")
            .is_some_and(|list| *list != json!([]))
        {
            let what = "metadata.managedFields must be nil";
            return Err(ApiError::BadRequest(what.to_owned()));
        }
        if let ("scale", Some(paths)) = (subresource, &kind.scale) {
            return Ok(scale::config(paths, scale::replicas(&config, &config)?));
        }
        self.check(key, kind, &config)?;
        if let Some(config) = config.as_object_mut() {
            match subresource {
                "status" => config.retain(|name, _| name == "status"),
                _ if kind.status => {
                    config.remove("status");
                }
                _ => {}
            }
        }
        Ok(config)
    }

    fn apply(
        &self,
        key: &Key,
        subresource: &str,
        write: &Write<'_>,
        by: &Applied<'_>,
        config: &Value,
    ) -> Result<Response<Body>, ApiError> {
        let store = &self.sandbox.shared.store;
        let kind = store.kind(key)?;
        let schema = Schema::of(&kind);
        let changed = store.update(key, write, |before| {
            let mut object = by.change(before, config, schema)?;
            // A revision that the configuration names must be the present one.
            let revision = meta_text(config, "resourceVersion");
            if !revision.is_empty() {
                set_meta(&mut object, "resourceVersion", json!(revision));
            }
            Ok(object)
        });
        let (status, object) = match changed {
            Err(ApiError::NotFound { .. }) if subresource.is_empty() => {
                let object = by.change(&Value::Null, config, schema)?;
                (StatusCode::CREATED, store.create(key, write, object)?)
            }
            changed => (StatusCode::OK, changed?),
        };
        if !write.dry {
            self.note("apply", &kind, subresource, &object);
        }
        Ok(answer(status, &self.shown(&kind, subresource, &object)))
    }

    /// How something is to be deleted: by the body, and the query.
    fn deletion(&self) -> Result<Deletion, ApiError> {
        let mut options = match self.body {
            [] => json!({}),
            body => parse(body)?,
        };
        let policy = self.query.get("propagationPolicy");
        if let (false, Some(options)) = (policy.is_empty(), options.as_object_mut()) {
            options.insert("propagationPolicy".to_owned(), json!(policy));
        }
        let mut deletion = Deletion::read(&options);
        deletion.dry |= self.dry()?;
        if let Some(grace) = self.query.number("gracePeriodSeconds")? {
            deletion.grace = i64::try_from(grace).ok();
        }
        Ok(deletion)
    }

    pub(super) fn delete(&self, key: &Key, subresource: &str) -> Result<Response<Body>, ApiError> {
        if !subresource.is_empty() {
            return Err(ApiError::Method);
        }
        let store = &self.sandbox.shared.store;
        let kind = store.kind(key)?;
        let deletion = self.deletion()?;
        let (object, gone) = store.delete(key, &deletion)?;
        if !deletion.dry {
            self.note("delete", &kind, "", &object);
        }
        if !gone {
            // It is still there, and goes when its finalizers are done.
            return Ok(answer(StatusCode::OK, &object));
        }
        let status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {
                "name": key.name,
                "group": kind.group,
                "kind": kind.plural,
                "uid": meta_text(&object, "uid"),
            },
        });
        Ok(answer(StatusCode::OK, &status))
    }

    /// Deletes all selected objects of a collection.
    pub(super) fn delete_all(
        &self,
        kind: usize,
        namespace: Option<&str>,
    ) -> Result<Response<Body>, ApiError> {
        let selection = self.query.selection()?;
        let deletion = self.deletion()?;
        let store = &self.sandbox.shared.store;
        let (objects, _) = store.list(kind, namespace);
        for object in objects.iter().filter(|object| selection.matches(object)) {
            let key = Key {
                kind,
                namespace: meta_text(object, "namespace").to_owned(),
                name: meta_text(object, "name").to_owned(),
            };
            // Somebody else may have been faster.
            if let (Ok((object, _)), false) = (store.delete(&key, &deletion), deletion.dry) {
                self.note("delete", store.kind(&key)?.as_ref(), "", &object);
            }
        }
        let status =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
        Ok(answer(StatusCode::OK, &status))
    }
}
