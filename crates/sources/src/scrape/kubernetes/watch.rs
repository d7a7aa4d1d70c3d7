//! A collection of objects, listed and then watched.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use concertina_http::{Client, form_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use super::objects::{List, Watched};
use crate::clock::Clock;

/// Namespace and name.
pub(super) type Key = (String, String);
pub(super) type Objects<T> = BTreeMap<Key, T>;

/// The objects of one page of a list.
const PAGE: &str = "500";
/// How long the server may keep a watch open, and how long it may be silent: bookmarks come every
/// minute.
const WATCH: &str = "300";
const SILENCE: Duration = Duration::from_secs(330);
/// The largest event that is read.
const MAX_EVENT: usize = 4 << 20;
/// The first pause after a failure; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// What is known of a collection.
pub(super) struct Cache<T> {
    /// None until it is listed.
    objects: Mutex<Option<Objects<T>>>,
    changed: Arc<Notify>,
}

impl<T: Watched> Cache<T> {
    pub(super) fn new(changed: &Arc<Notify>) -> Self {
        Self {
            objects: Mutex::new(None),
            changed: Arc::clone(changed),
        }
    }

    /// What is known now; whoever reads it holds up the watch.
    pub(super) fn objects(&self) -> MutexGuard<'_, Option<Objects<T>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Option<Objects<T>>)) {
        change(&mut self.objects());
        self.changed.notify_one();
    }
}

/// Where a collection is, and which of its objects are wanted.
#[derive(Clone)]
pub(super) struct Collection {
    /// `https://…/api/v1`, or a namespace of it.
    pub(super) base: String,
    /// `labelSelector` and `fieldSelector`.
    pub(super) selectors: Vec<(String, String)>,
    pub(super) client: Client,
}

/// Why a watch ended.
enum End {
    /// It can go on from here.
    At(String),
    /// Only a new list helps.
    Gone,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Event<T> {
    object: T,
}

impl Collection {
    /// Keeps `cache` as the API has it, for ever. While the API is away the cache stays as it is.
    pub(super) async fn follow<T: Watched>(&self, cache: &Cache<T>, clock: &dyn Clock) {
        let mut pause = FIRST_PAUSE;
        let mut from: Option<String> = None;
        loop {
            let before = from.take();
            let followed = match &before {
                None => self.list(cache).await.map(End::At),
                Some(version) => self.watch(cache, version, &mut pause).await,
            };
            match followed {
                Ok(End::At(version)) => {
                    let went_on = before.as_ref() != Some(&version);
                    from = Some(version);
                    if went_on {
                        continue;
                    }
                }
                Ok(End::Gone) => {}
                Err(reason) => {
                    let resource = T::RESOURCE;
                    tracing::warn!(resource, url = self.base, %reason, "objects cannot be followed");
                }
            }
            clock.sleep(pause).await;
            pause = pause.saturating_mul(2).min(LAST_PAUSE);
        }
    }

    fn url<T: Watched>(&self, more: &[(&str, &str)]) -> String {
        let own = self.selectors.iter();
        let mut pairs: Vec<(&str, &str)> = own.map(|(name, value)| (&**name, &**value)).collect();
        pairs.extend(more);
        format!("{}/{}?{}", self.base, T::RESOURCE, form_encode(&pairs))
    }

    /// Reads the whole list; its version.
    async fn list<T: Watched>(&self, cache: &Cache<T>) -> Result<String, String> {
        let mut objects = Objects::new();
        let mut next = String::new();
        let version = loop {
            let mut pairs = vec![("limit", PAGE)];
            if !next.is_empty() {
                pairs.push(("continue", &next));
            }
            let answer = self.client.get(&self.url::<T>(&pairs), &[]).await;
            let answer = answer.map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(refusal(answer.status, &answer.body));
            }
            let list: List<T> = serde_json::from_slice(&answer.body)
                .map_err(|error| format!("its list cannot be read: {error}"))?;
            objects.extend(list.items.into_iter().flatten().map(keyed));
            match list.metadata.next.filter(|next| !next.is_empty()) {
                Some(more) => next = more,
                None => break list.metadata.resource_version,
            }
        };
        cache.change(|known| *known = Some(objects));
        Ok(version)
    }

    /// Takes over what changes after `version`, until the server ends it.
    async fn watch<T: Watched>(
        &self,
        cache: &Cache<T>,
        version: &str,
        pause: &mut Duration,
    ) -> Result<End, String> {
        let url = self.url::<T>(&[
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", WATCH),
            ("resourceVersion", version),
        ]);
        let opened = self.client.open(&url, &[]).await;
        let mut answer = opened.map_err(|error| error.to_string())?;
        match answer.status {
            200 => {}
            410 => return Ok(End::Gone),
            status => return Err(refusal(status, b"")),
        }
        let mut version = version.to_owned();
        let mut rest: Vec<u8> = Vec::new();
        loop {
            // A connection that breaks is gone on from where it broke.
            let Ok(Some(piece)) = answer.piece(SILENCE).await else {
                return Ok(End::At(version));
            };
            *pause = FIRST_PAUSE;
            rest.extend_from_slice(&piece);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                match event(&line, cache)? {
                    Some(newer) => version = newer,
                    None => return Ok(End::Gone),
                }
            }
            if rest.len() > MAX_EVENT {
                return Err(format!("an event is larger than {MAX_EVENT} bytes"));
            }
        }
    }
}

/// Takes an event over; the version it has, or none when the watch cannot go on.
fn event<T: Watched>(line: &[u8], cache: &Cache<T>) -> Result<Option<String>, String> {
    let unreadable = |error: serde_json::Error| format!("an event cannot be read: {error}");
    let Kind { kind } = serde_json::from_slice(line).map_err(unreadable)?;
    if kind == "ERROR" {
        return Ok(None);
    }
    let Event::<T> { object } = serde_json::from_slice(line).map_err(unreadable)?;
    let version = object.meta().resource_version.clone();
    if kind == "BOOKMARK" {
        return Ok(Some(version));
    }
    let (key, object) = keyed(object);
    cache.change(|known| {
        let known = known.get_or_insert_default();
        match kind.as_str() {
            "DELETED" => known.remove(&key),
            _ => known.insert(key, object),
        };
    });
    Ok(Some(version))
}

fn keyed<T: Watched>(object: T) -> (Key, T) {
    let meta = object.meta();
    ((meta.namespace.clone(), meta.name.clone()), object)
}

/// What an answer that is no list says.
fn refusal(status: u16, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        message: String,
    }
    match serde_json::from_slice(body) {
        Ok(Status { message }) => {
            format!("the API server answered with status {status}: {message}")
        }
        Err(_) => format!("the API server answered with status {status}"),
    }
}
