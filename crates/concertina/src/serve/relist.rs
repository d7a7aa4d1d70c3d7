//! Keeping the catalogue up to date: each series query at its own times.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use concertina_metrics_api::Adapter;
use concertina_sources::Clock;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Series queries under way at once.
const AT_ONCE: usize = 4;
/// The first pause after a listing that failed or found nothing; it doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// Loops, one for each distinct series query, that end with it.
#[derive(Debug)]
pub(super) struct Relister(JoinSet<()>);

impl Relister {
    /// Lists every series query of the adapter's rules now, a few at once, and again about every
    /// `interval`; one that fails or finds nothing sooner. What a query found last stays in use
    /// while it fails.
    pub(super) fn start(
        adapter: &Arc<Adapter>,
        clock: &Arc<dyn Clock>,
        interval: Duration,
    ) -> Self {
        let free = Arc::new(Semaphore::new(AT_ONCE));
        let catalogue = adapter.catalogue();
        let queries: BTreeSet<String> = catalogue
            .rules()
            .map(|(rule, _)| rule.series_query().to_owned())
            .collect();
        let mut loops = JoinSet::new();
        for query in queries {
            loops.spawn(relist(
                Arc::clone(adapter),
                Arc::clone(clock),
                Arc::clone(&free),
                query,
                interval,
            ));
        }
        Self(loops)
    }

    /// Ends all loops.
    pub(super) fn stop(mut self) {
        self.0.abort_all();
    }
}

async fn relist(
    adapter: Arc<Adapter>,
    clock: Arc<dyn Clock>,
    free: Arc<Semaphore>,
    query: String,
    interval: Duration,
) {
    let mut retry = FIRST_RETRY.min(interval);
    let mut told: Vec<(usize, String)> = Vec::new();
    loop {
        let relisted = {
            // The semaphore is never closed.
            let _permit = free.acquire().await;
            adapter.relist_query(&query, clock.now()).await
        };
        if relisted.failed != told {
            for (rule, reason) in &relisted.failed {
                tracing::warn!(
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
        let found = told.is_empty() && has_series(&adapter, &query);
        let pause = match found {
            true => interval,
            false => retry,
        };
        retry = match found {
            true => FIRST_RETRY.min(interval),
            false => retry.saturating_mul(2).min(interval),
        };
        clock.sleep(jittered(pause)).await;
    }
}

fn has_series(adapter: &Adapter, query: &str) -> bool {
    let catalogue = adapter.catalogue();
    let mut rules = catalogue.rules();
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
