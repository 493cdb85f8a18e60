//! A server that shuts down while it is called.

use std::sync::atomic::Ordering;

use kitex::{CallError, Error};

use super::{Failure, Line, start};
use crate::greeter::GreeterClient;

/// Callers at a time.
const CALLERS: u64 = 20;

/// Calls that were answered before the shutdown begins.
const BEFORE: u64 = 100;

/// Calls until the first failure; how many were answered, and the failure.
async fn call_on(client: GreeterClient) -> (u64, Option<Error>) {
    let mut answered = 0;
    loop {
        match client.wait(1).await {
            Ok(_) => answered += 1,
            Err(CallError::Failed(error)) => return (answered, Some(error)),
            Err(_) => return (answered, None),
        }
    }
}

pub(super) async fn shutdown() -> Result<Line, Failure> {
    let server = start("127.0.0.1:0").await?;
    let client = GreeterClient::builder(&server.address).pool(CALLERS as usize + 1).connect().await?;
    let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(call_on(client.clone()))).collect();
    let mut answered = 0;
    while server.service.waited.load(Ordering::Relaxed) < BEFORE {
        client.wait(1).await?;
        answered += 1;
    }
    server.handle.shutdown();
    server.serving.await??;
    let (mut ended, mut unsure) = (0, 0);
    for caller in callers {
        let (calls, error) = caller.await?;
        answered += calls;
        ended += u64::from(error.is_some());
        unsure += u64::from(error.is_some_and(|error| !error.is_retry_safe()));
    }
    let lost = server.service.waited.load(Ordering::Relaxed) - answered;
    let seen = format!(
        "{ended} callers met the end; calls served and not answered: {lost}; calls that may not be made again: {unsure}"
    );
    Ok(Line { feature: "shutdown under load", seen })
}
