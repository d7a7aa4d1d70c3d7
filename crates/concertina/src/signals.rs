//! Being told to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Ready when the process gets SIGTERM or SIGINT.
///
/// # Errors
///
/// What the operating system says when it has no signals to give.
pub async fn told_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
