//! Watches: changes as they happen.

use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Body, BodyPieces};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::read::Shape;
use crate::Sandbox;
use crate::select::Selection;
use crate::store::Event;

/// What a watch is to tell.
pub(super) struct Watch {
    pub(super) kind: usize,
    pub(super) namespace: Option<String>,
    pub(super) selection: Selection,
    pub(super) shape: Shape,
    /// From where; none to begin with all that is there.
    pub(super) from: Option<u64>,
    pub(super) bookmarks: bool,
    /// Whether a bookmark says that all that was there is told.
    pub(super) initial_end: bool,
    pub(super) timeout: Duration,
}

impl Watch {
    /// The answer's body. What fails later is told in it.
    pub(super) fn body(self, sandbox: Sandbox) -> Body {
        let (pieces, body) = Body::pieces(64);
        tokio::spawn(async move {
            tokio::select! {
                _ = self.run(&sandbox, &pieces) => {}
                () = pieces.closed() => {}
            }
        });
        body
    }

    /// Tells until the time is over or nobody listens; none then.
    async fn run(&self, sandbox: &Sandbox, pieces: &BodyPieces) -> Option<()> {
        let store = &sandbox.shared.store;
        let end = Instant::now() + self.timeout;
        let mut newest = store.newest();
        let mut revision = match self.from {
            Some(revision) => revision,
            None => {
                let (objects, revision) = store.list(self.kind, self.namespace.as_deref());
                for object in objects
                    .iter()
                    .filter(|object| self.selection.matches(object))
                {
                    self.tell(pieces, "ADDED", object).await?;
                }
                if self.initial_end {
                    self.bookmark(pieces, sandbox, revision, true).await?;
                }
                revision
            }
        };
        let every = sandbox.shared.bookmarks;
        let mut next_bookmark = Instant::now() + every;
        loop {
            // Noted before reading, so that no change is missed.
            newest.mark_unchanged();
            match store.since(self.kind, self.namespace.as_deref(), revision) {
                Ok((events, now)) => {
                    for event in &events {
                        self.event(pieces, event).await?;
                    }
                    revision = now;
                }
                Err(error) => {
                    let line = json!({"type": "ERROR", "object": error.status()});
                    pieces.send(format!("{line}\n")).await.then_some(())?;
                    return None;
                }
            }
            tokio::select! {
                changed = newest.changed() => changed.ok()?,
                () = sleep_until(end) => {
                    if self.bookmarks {
                        self.bookmark(pieces, sandbox, revision, false).await?;
                    }
                    return None;
                }
                () = sleep_until(next_bookmark), if self.bookmarks => {
                    self.bookmark(pieces, sandbox, revision, false).await?;
                    next_bookmark = Instant::now() + every;
                }
            }
        }
    }

    async fn event(&self, pieces: &BodyPieces, event: &Event) -> Option<()> {
        let selected = |object: &Option<Arc<Value>>| {
            object
                .as_ref()
                .is_some_and(|object| self.selection.matches(object))
        };
        let (before, after) = (selected(&event.before), selected(&event.after));
        match (before, &event.after) {
            (false, Some(object)) if after => self.tell(pieces, "ADDED", object).await,
            (true, Some(object)) if after => self.tell(pieces, "MODIFIED", object).await,
            // It is there and no longer selected, or it is gone.
            (true, Some(object)) => self.tell(pieces, "DELETED", object).await,
            (true, None) => match &event.before {
                Some(object) => self.tell(pieces, "DELETED", object).await,
                None => Some(()),
            },
            (false, _) => Some(()),
        }
    }

    async fn tell(&self, pieces: &BodyPieces, what: &str, object: &Value) -> Option<()> {
        let line = json!({"type": what, "object": self.shape.one(object)});
        pieces.send(format!("{line}\n")).await.then_some(())
    }

    async fn bookmark(
        &self,
        pieces: &BodyPieces,
        sandbox: &Sandbox,
        revision: u64,
        initial: bool,
    ) -> Option<()> {
        let kinds = sandbox.shared.store.kinds();
        let kind = kinds.get(self.kind)?;
        let mut metadata =
            json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if initial {
            crate::patch::merge(
                &mut metadata,
                &json!({"annotations": {"k8s.io/initial-events-end": "true"}}),
            );
        }
        let object = json!({
            "kind": kind.kind,
            "apiVersion": kind.api_version(),
            "metadata": metadata,
        });
        self.tell(pieces, "BOOKMARK", &object).await
    }
}
