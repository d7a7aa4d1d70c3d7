//! Answers that are kept for a while.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use concertina_model::Timestamp;
use concertina_sources::Clock;

/// An answer, or why there is none, and when that was known.
type Known<V> = Option<(Timestamp, Result<V, Arc<str>>)>;

/// One question; held while it is asked, so that nobody asks it at the same time.
type Slot<V> = Arc<tokio::sync::Mutex<Known<V>>>;

/// Answers by their question, for a time and up to a number. A failure is no answer: it is only for
/// those who waited for it.
pub(super) struct Cache<K, V> {
    slots: Mutex<HashMap<K, (Slot<V>, Timestamp)>>,
    most: usize,
    clock: Arc<dyn Clock>,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    pub(super) fn new(most: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            slots: Mutex::default(),
            most: most.max(1),
            clock,
        }
    }

    /// The answer to `key`, which `ask` gives when none is known that is younger than `keep` says.
    pub(super) async fn get(
        &self,
        key: K,
        keep: impl Fn(&V) -> Duration,
        ask: impl Future<Output = Result<V, String>>,
    ) -> Result<V, Arc<str>> {
        let began = self.clock.now();
        let slot = self.slot(key, began);
        let mut known = slot.lock().await;
        match &*known {
            Some((at, Ok(answer)))
                if self.clock.now().saturating_duration_since(*at) < keep(answer) =>
            {
                return Ok(answer.clone());
            }
            // It failed while this one waited for its turn.
            Some((at, Err(error))) if *at > began => return Err(Arc::clone(error)),
            _ => {}
        }
        let answer = ask.await.map_err(Arc::from);
        *known = Some((self.clock.now(), answer.clone()));
        answer
    }

    fn slot(&self, key: K, now: Timestamp) -> Slot<V> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((slot, used)) = slots.get_mut(&key) {
            *used = now;
            return Arc::clone(slot);
        }
        if slots.len() >= self.most {
            // The eighth that was not used for the longest time: so the search is rare.
            let mut times: Vec<Timestamp> = slots.values().map(|(_, used)| *used).collect();
            times.sort_unstable();
            let limit = times.get(self.most / 8).copied().unwrap_or(now);
            slots.retain(|_, (_, used)| *used > limit);
        }
        let slot = Slot::default();
        slots.insert(key, (Arc::clone(&slot), now));
        slot
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.slots
            .lock()
            .map(|slots| slots.len())
            .unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Hand(std::sync::atomic::AtomicI64);

    #[async_trait::async_trait]
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }

        async fn sleep(&self, _: Duration) {}
    }

    const TEN: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn an_answer_is_kept_for_its_time() {
        let clock = Arc::new(Hand::default());
        let cache = Cache::new(16, clock.clone());
        let asked = AtomicU32::new(0);
        let ask = || async { Ok(asked.fetch_add(1, Ordering::SeqCst)) };
        for (at, expected) in [(0, 0), (9_999, 0), (10_000, 1), (19_999, 1), (20_000, 2)] {
            clock.0.store(at, Ordering::SeqCst);
            assert_eq!(cache.get("k", |_| TEN, ask()).await, Ok(expected), "{at}");
        }
        let failed = cache
            .get("other", |_| TEN, async { Err("down".to_owned()) })
            .await;
        assert_eq!(failed, Err(Arc::from("down")));
        assert_eq!(
            cache.get("other", |_| TEN, ask()).await,
            Ok(3),
            "a failure is not kept"
        );
    }

    #[tokio::test]
    async fn one_asks_for_all_who_want_to_know() {
        let clock = Arc::new(Hand::default());
        let cache = Arc::new(Cache::new(16, clock));
        let asked = Arc::new(AtomicU32::new(0));
        let one = || {
            let (cache, asked) = (Arc::clone(&cache), Arc::clone(&asked));
            async move {
                let ask = async {
                    tokio::task::yield_now().await;
                    Ok(asked.fetch_add(1, Ordering::SeqCst))
                };
                cache.get((), |_| TEN, ask).await
            }
        };
        let all = futures_util::future::join_all((0..20).map(|_| one())).await;
        assert!(all.iter().all(|answer| *answer == Ok(0)), "{all:?}");
    }

    #[tokio::test]
    async fn there_are_never_too_many() {
        let clock = Arc::new(Hand::default());
        let cache = Cache::new(8, clock.clone());
        for key in 0..100 {
            clock.0.store(key, Ordering::SeqCst);
            let _ = cache.get(key, |_| TEN, async { Ok(()) }).await;
            assert!(cache.len() <= 8);
        }
        let again = cache
            .get(99, |_| TEN, async { Err("asked again".to_owned()) })
            .await;
        assert_eq!(again, Ok(()), "the newest is kept");
    }
}
