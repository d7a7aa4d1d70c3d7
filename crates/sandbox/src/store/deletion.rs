//! The end of objects: finalizers, grace, and what belongs to them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::object::{finalizers, owners};
use super::{Key, Store, Write, meta_text, set_meta, version};
use crate::ApiError;

/// How something is deleted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deletion {
    /// The uid that it must have.
    pub(crate) uid: Option<String>,
    /// The resourceVersion that it must have.
    pub(crate) revision: Option<String>,
    /// Whether what belongs to it stays.
    pub(crate) orphan: bool,
    /// The seconds that a pod is given to end; its own when there are none.
    pub(crate) grace: Option<i64>,
    /// Whether it is only said what would be.
    pub(crate) dry: bool,
}

impl Deletion {
    /// Reads `DeleteOptions`.
    pub(crate) fn read(options: &Value) -> Self {
        let text = |path: &str| options.pointer(path)?.as_str().map(str::to_owned);
        Self {
            uid: text("/preconditions/uid"),
            revision: text("/preconditions/resourceVersion"),
            orphan: text("/propagationPolicy").as_deref() == Some("Orphan"),
            grace: options.get("gracePeriodSeconds").and_then(Value::as_i64),
            dry: options.get("dryRun").is_some_and(|dry| *dry != json!([])),
        }
    }
}

impl Store {
    /// Takes an object away, or notes that it is to go when its finalizers, or its kubelet, are
    /// done; whether it is gone.
    pub(crate) fn delete(
        &self,
        key: &Key,
        deletion: &Deletion,
    ) -> Result<(Arc<Value>, bool), ApiError> {
        let kinds = self.kinds();
        let kind = self.kind(key)?;
        let kept = Self::kept(&kinds, key);
        let there = self.state().get(&kept);
        let Some(there) = there else {
            return Err(self.not_found(key));
        };
        let shown = |object: &Arc<Value>| version::shown(&kinds, key.kind, object);
        for (what, wanted, name) in [
            ("UID", &deletion.uid, "uid"),
            ("ResourceVersion", &deletion.revision, "resourceVersion"),
        ] {
            let has = meta_text(&there, name);
            if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != has) {
                return Err(ApiError::Precondition {
                    resource: kind.resource(),
                    name: key.name.clone(),
                    reason: format!(
                        "the {what} in the precondition ({wanted}) does not match the {what} in \
                         record ({has}). The object might have been deleted and then recreated"
                    ),
                });
            }
        }
        let grace = match kind.kind.as_str() {
            "Pod" if self.has_kubelet() && there.pointer("/spec/nodeName").is_some() => {
                let own = there.pointer("/spec/terminationGracePeriodSeconds");
                let own = own.and_then(Value::as_i64).unwrap_or(30);
                deletion.grace.unwrap_or(own).max(0)
            }
            _ => 0,
        };
        let waits = grace > 0 || finalizers(&there).next().is_some();
        if deletion.dry {
            return Ok((shown(&there), !waits));
        }
        if waits {
            let at = std::time::Duration::from_secs(grace.unsigned_abs());
            let at = self.now().saturating_add(at);
            let changed = self.update(key, &Write::CLUSTER, |before| {
                let mut object = before.clone();
                let until = before.pointer("/metadata/deletionGracePeriodSeconds");
                // Who asks again can only shorten it.
                if until
                    .and_then(Value::as_i64)
                    .is_none_or(|until| until > grace)
                {
                    set_meta(&mut object, "deletionTimestamp", json!(at.to_string()));
                    set_meta(&mut object, "deletionGracePeriodSeconds", json!(grace));
                }
                Ok(object)
            })?;
            return Ok((changed, false));
        }
        let state = self.state();
        if state.get(&kept).is_none() {
            drop(state);
            return Err(self.not_found(key));
        }
        let gone = self.commit(state, &kept, None);
        self.cascade(&gone, deletion.orphan);
        if kind.group.is_empty() && kind.kind == "Namespace" {
            let within = self.state().within(&key.name);
            for key in within {
                // Somebody else may have been faster.
                let _ = self.delete(&key, &Deletion::default());
            }
        }
        Ok((shown(&gone), true))
    }

    /// Deletes what belonged to an object that is gone and to nobody else, or lets it go free.
    pub(super) fn cascade(&self, gone: &Value, orphan: bool) {
        let uid = meta_text(gone, "uid");
        let dependents = self.state().dependents(uid);
        for key in dependents {
            // Each may be gone by itself meanwhile, which is as well.
            let alone = self
                .get(&key)
                .is_ok_and(|object| owners(&object).all(|owner| owner == uid));
            if alone && !orphan {
                let _ = self.delete(&key, &Deletion::default());
                continue;
            }
            let _ = self.update(&key, &Write::CLUSTER, |before| {
                let mut object = before.clone();
                let list = object.pointer_mut("/metadata/ownerReferences");
                if let Some(Value::Array(list)) = list {
                    list.retain(|owner| owner.get("uid").is_none_or(|known| known != uid));
                }
                Ok(object)
            });
        }
    }
}
