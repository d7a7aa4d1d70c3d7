//! Evaluations on threads of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use concertina_tsdb::{EvalOptions, Evaluation};

use super::SharedStore;

/// Does `work` over the store's present content on one of tokio's blocking threads, so that a heavy
/// one holds up nothing else. It is told to stop when this future is dropped; `held` is dropped when
/// it has ended. None when it panicked.
pub(crate) async fn evaluated<T: Send + 'static>(
    store: SharedStore,
    options: EvalOptions,
    held: impl Send + 'static,
    work: impl FnOnce(Evaluation<'_>) -> T + Send + 'static,
) -> Option<T> {
    let waiting = Waiting::default();
    let gone = Arc::clone(&waiting.0);
    let worked = tokio::task::spawn_blocking(move || {
        let stop = || gone.load(Ordering::Relaxed);
        let snapshot = store.snapshot();
        let worked = work(Evaluation::new(&snapshot, options).until(&stop));
        drop(held);
        worked
    });
    worked.await.ok()
}

/// Says when it is dropped that nobody waits any more.
#[derive(Default)]
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
