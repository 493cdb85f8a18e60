//! The signals that tell a process to end.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT and SIGTERM; where there are none, what stands for them.
#[derive(Debug)]
pub(super) struct Signals {
    #[cfg(unix)]
    each: Vec<Signal>,
}

impl Signals {
    /// Takes the signals over from the system, which would end the process. What cannot be taken is named in the log.
    pub(super) fn new() -> Self {
        #[cfg(unix)]
        let each = [SignalKind::interrupt(), SignalKind::terminate()].into_iter().filter_map(|kind| {
            let taken = signal(kind);
            taken
                .inspect_err(|error| tracing::warn!(?kind, %error, "no graceful shutdown by this signal"))
                .ok()
        });
        Self {
            #[cfg(unix)]
            each: each.collect(),
        }
    }

    /// Waits for the next signal.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|task| {
            let told = self.each.iter_mut().any(|signal| signal.poll_recv(task).is_ready());
            if told { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }

    /// Waits for the next signal.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "no graceful shutdown by a signal");
            std::future::pending().await
        }
    }
}
