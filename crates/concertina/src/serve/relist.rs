//! Keeping the catalogue up to date: each series query at its own times.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::RuleHealth;
use concertina_metrics_api::adapter::Relisted;
use concertina_metrics_api::{Adapter, ExternalAdapter};
use concertina_model::Timestamp;
use concertina_rules::Rule;
use concertina_sources::Clock;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Series queries under way at once.
const AT_ONCE: usize = 4;
/// The first pause after a listing that failed or found nothing; it doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// Something with a catalogue that is listed rule by rule.
#[async_trait]
pub(super) trait Relistable: Send + Sync + 'static {
    /// The key of the rules in the file.
    fn list(&self) -> &'static str;
    /// The rules, each with how it fares.
    fn rules(&self) -> Vec<(Arc<Rule>, RuleHealth)>;
    /// Lists the series of one query.
    async fn relist_query(&self, query: &str, now: Timestamp) -> Relisted;
    /// Lists the series of all.
    async fn relist(&self, now: Timestamp) -> Relisted;
}

macro_rules! relistable {
    ($adapter:ty, $list:literal) => {
        #[async_trait]
        impl Relistable for $adapter {
            fn list(&self) -> &'static str {
                $list
            }

            fn rules(&self) -> Vec<(Arc<Rule>, RuleHealth)> {
                let catalogue = self.catalogue();
                let rules = catalogue.rules();
                rules
                    .map(|(rule, health)| (Arc::clone(rule), health.clone()))
                    .collect()
            }

            async fn relist_query(&self, query: &str, now: Timestamp) -> Relisted {
                self.relist_query(query, now).await
            }

            async fn relist(&self, now: Timestamp) -> Relisted {
                self.relist(now).await
            }
        }
    };
}

relistable!(Adapter, "rules");
relistable!(ExternalAdapter, "externalRules");

/// Loops, one for each distinct series query of each list of rules. They end with it.
#[derive(Debug)]
pub(super) struct Relister(#[expect(dead_code, reason = "dropping it ends the loops")] JoinSet<()>);

impl Relister {
    /// Lists every series query now unless it was listed before, a few at once, and again about
    /// every `interval`; one that fails or finds nothing sooner, and all when the kinds of objects
    /// change: a rule may have waited for one. What a query found last stays in
    /// use while it fails.
    pub(super) fn start(
        lists: &[Arc<dyn Relistable>],
        clock: &Arc<dyn Clock>,
        interval: Duration,
        kinds: &Option<watch::Receiver<u64>>,
    ) -> Self {
        let free = Arc::new(Semaphore::new(AT_ONCE));
        let mut loops = JoinSet::new();
        for list in lists {
            let queries: BTreeSet<String> = list
                .rules()
                .iter()
                .map(|(rule, _)| rule.series_query().to_owned())
                .collect();
            for query in queries {
                loops.spawn(relist(
                    Arc::clone(list),
                    Arc::clone(clock),
                    Arc::clone(&free),
                    query,
                    interval,
                    kinds.clone(),
                ));
            }
        }
        Self(loops)
    }
}

async fn relist(
    list: Arc<dyn Relistable>,
    clock: Arc<dyn Clock>,
    free: Arc<Semaphore>,
    query: String,
    interval: Duration,
    mut kinds: Option<watch::Receiver<u64>>,
) {
    let mut retry = FIRST_RETRY.min(interval);
    let mut told: Vec<(usize, String)> = Vec::new();
    if has_series(&*list, &query) {
        pause(&*clock, jittered(interval), &mut kinds).await;
    }
    loop {
        let relisted = {
            // The semaphore is never closed.
            let _permit = free.acquire().await;
            list.relist_query(&query, clock.now()).await
        };
        if relisted.failed != told {
            for (rule, reason) in &relisted.failed {
                tracing::warn!(
                    list = list.list(),
                    rule = rule + 1,
                    %reason,
                    "a rule's series could not be listed; what was found before stays in use"
                );
            }
            if relisted.failed.is_empty() {
                tracing::info!(%query, "the series are listed again");
            }
        }
        told = relisted.failed;
        let found = told.is_empty() && has_series(&*list, &query);
        let next = match found {
            true => interval,
            false => retry,
        };
        retry = match found {
            true => FIRST_RETRY.min(interval),
            false => retry.saturating_mul(2).min(interval),
        };
        pause(&*clock, jittered(next), &mut kinds).await;
    }
}

/// Waits for a time, or until the kinds of objects change.
async fn pause(clock: &dyn Clock, time: Duration, kinds: &mut Option<watch::Receiver<u64>>) {
    let changed = async {
        let changed = match kinds {
            Some(kinds) => kinds.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = clock.sleep(time) => {}
        () = changed => {}
    }
}

fn has_series(list: &dyn Relistable, query: &str) -> bool {
    let mut rules = list.rules().into_iter();
    rules.any(|(rule, health)| rule.series_query() == query && health.series > 0)
}

/// `pause` shortened by up to a tenth, so that many loops, and many replicas of this process, do
/// not ask at the same moment.
fn jittered(pause: Duration) -> Duration {
    // The keys of a new RandomState are random: the standard library's only dice.
    let dice = RandomState::new().build_hasher().finish();
    let part = (dice >> 11) as f64 / (1u64 << 53) as f64;
    pause.mul_f64(1.0 - part / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_never_waits_longer() {
        let pause = Duration::from_secs(100);
        let pauses: BTreeSet<Duration> = (0..50).map(|_| jittered(pause)).collect();
        assert!(
            pauses
                .iter()
                .all(|&p| p <= pause && p >= pause.mul_f64(0.9))
        );
        assert!(pauses.len() > 25, "they differ");
    }
}
