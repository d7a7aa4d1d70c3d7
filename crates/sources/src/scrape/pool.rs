//! Many targets, each with a scraper of its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{ScrapeOptions, Scraper, SharedStore, Target};
use crate::clock::Clock;

/// Scrapers at work, one for each target. They run as tasks of the tokio runtime that
/// [`ScrapePool::set`] is called on, and stop when the pool is dropped.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::sync::Arc;
///
/// use concertina_sources::SystemClock;
/// use concertina_sources::scrape::{ScrapeOptions, ScrapePool, SharedStore, Target};
///
/// let store = SharedStore::new(Default::default());
/// let mut pool = ScrapePool::new(store.clone(), Arc::new(SystemClock));
/// let target = Target::new("http://node-0:9400/metrics", "dcgm", "node-0:9400");
/// pool.set([(target, ScrapeOptions::default())]).await;
/// // Later node-0 is no longer a target: its series end.
/// pool.set([]).await;
/// # }
/// ```
#[derive(Debug)]
pub struct ScrapePool {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    running: HashMap<Target, Running>,
}

/// A scraper at work.
#[derive(Debug)]
struct Running {
    /// How it scrapes. The scraper ends its series and itself when this is gone.
    options: watch::Sender<ScrapeOptions>,
    /// A set of one, since a set ends its tasks when it is dropped.
    task: JoinSet<()>,
}

impl ScrapePool {
    /// A pool that fills `store`, without any target yet.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            running: HashMap::new(),
        }
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The targets that are scraped, in no order.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.running.keys()
    }

    /// Scrapes these targets from now on and no others. A target that was scraped before goes on
    /// undisturbed, unless its options changed; one that is no longer named ends with all its
    /// series, as Prometheus does it. Of the same target named twice the first options count.
    pub async fn set(&mut self, targets: impl IntoIterator<Item = (Target, ScrapeOptions)> + Send) {
        let mut before = std::mem::take(&mut self.running);
        for (target, options) in targets {
            let Entry::Vacant(place) = self.running.entry(target) else {
                continue;
            };
            let running = match before.remove(place.key()) {
                Some(running) => running.with(options),
                None => {
                    let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
                    Running::start(store, clock, place.key().clone(), options)
                }
            };
            place.insert(running);
        }
        // Awaited, so that a target that comes again does not meet its own end.
        for (_, Running { options, mut task }) in before {
            drop(options);
            task.join_next().await;
        }
    }
}

impl Running {
    fn start(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        target: Target,
        options: ScrapeOptions,
    ) -> Self {
        let scraper = Scraper::new(store, clock, target, options.clone());
        let (options, told) = watch::channel(options);
        let mut task = JoinSet::new();
        task.spawn(work(scraper, told));
        Self { options, task }
    }

    fn with(self, options: ScrapeOptions) -> Self {
        self.options.send_if_modified(|before| {
            let changed = *before != options;
            if changed {
                *before = options;
            }
            changed
        });
        self
    }
}

/// Scrapes as it is told, and ends the target when nobody tells any more.
async fn work(mut scraper: Scraper, mut told: watch::Receiver<ScrapeOptions>) {
    loop {
        tokio::select! {
            () = scraper.run() => {}
            changed = told.changed() => match changed {
                Ok(()) => scraper.change(told.borrow_and_update().clone()),
                Err(_) => break,
            },
        }
    }
    scraper.end();
}
