//! The accept loop: no error ends it.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kitex_core::{Peer, catch_panic};

use super::Shared;
use super::driver::Driver;
use super::phase::Phase;
use crate::{Listener, Stream, clock};

/// The first pause after an error that is not the peer's, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Accepts until the server shuts down.
pub(super) async fn run(listener: Listener, shared: Arc<Shared>) {
    let mut pause = BACK_OFF.0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.phases.reached(Phase::Draining) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = BACK_OFF.0;
                // What the program has put in may panic; that costs this connection.
                let shown = peer.clone();
                if let Err(panic) = catch_panic(|| admit(stream, peer, &shared)) {
                    tracing::error!(peer = %shown, panic, "a connection was refused by a panic");
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if let Some(suppressed) = shared.logs.accept.admit(clock::now()) {
                    tracing::error!(%error, suppressed, retry_after = ?pause, "cannot accept connections");
                }
                // The pause does not outlast the shutdown.
                let _ = tokio::time::timeout(pause, shared.phases.reached(Phase::Draining)).await;
                pause = (pause * 2).min(BACK_OFF.1);
            }
        }
    }
}

/// True if the connection that was to be accepted is gone, and the next one may be well. Everything else, such as too
/// many open files, needs time to pass.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut, WouldBlock,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | TimedOut
            | WouldBlock
    )
}

fn admit(stream: Stream, peer: Peer, shared: &Arc<Shared>) {
    let others = shared.connections.fetch_add(1, Ordering::AcqRel);
    let mut counted = Counted(Arc::clone(shared), None);
    if let Err(reason) = may_connect(&peer, others, shared) {
        drop(counted);
        return refuse(&peer, &reason, shared);
    }
    counted.1 = shared.settings.accept.is_some().then(|| peer.clone());
    tokio::spawn(Driver::new(stream, peer, counted));
}

/// Errors, with the reason, if the peer is one too many or not wanted.
fn may_connect(peer: &Peer, others: usize, shared: &Shared) -> Result<(), Cow<'static, str>> {
    let limit = shared.settings.max_connections;
    if others >= limit {
        return Err(format!("there are {others} connections [setting: max_connections = {limit}]").into());
    }
    match &shared.settings.accept {
        Some(policy) => policy.accept(peer, others),
        None => Ok(()),
    }
}

#[cold]
fn refuse(peer: &Peer, reason: &str, shared: &Shared) {
    shared.refused.fetch_add(1, Ordering::Relaxed);
    if let Some(observer) = &shared.settings.observer {
        observer.connection_refused(peer, reason);
    }
    if let Some(suppressed) = shared.logs.refused.admit(clock::now()) {
        tracing::warn!(%peer, reason, suppressed, "refused a connection");
    }
}

/// A connection's place among those that are counted, and the peer that the policy has accepted.
#[derive(Debug)]
pub(super) struct Counted(pub(super) Arc<Shared>, Option<Peer>);

impl Drop for Counted {
    fn drop(&mut self) {
        if let (Some(policy), Some(peer)) = (&self.0.settings.accept, &self.1) {
            // As with the observer: a panic while another one ends the connection would end the process.
            let _ = catch_panic(|| policy.closed(peer));
        }
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
        self.0.phases.ended();
    }
}
