//! The handlers' log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kitex::layer::Next;
use kitex::{Context, Error, Request, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

/// What the handlers of this process were called with, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record {
    log: Mutex<Log>,
    /// How many entries there are.
    length: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Log {
    entries: Vec<Value>,
    /// How many of them a `Take` has handed out.
    taken: usize,
}

/// The entry of the call that is being served.
struct Entry {
    record: Arc<Record>,
    at: usize,
}

/// A layer that has an entry for each call before its handler runs. A `Take` has none.
pub(crate) async fn watch(record: Arc<Record>, mut request: Request, next: Next) -> Result<Response, Error> {
    if request.method.name() == "Take" {
        return next.run(request).await;
    }
    let (service, method) = (request.method.service(), request.method.name());
    let at = record.add(json!({"service": service, "method": method, "args": null, "done": false}));
    request.context.set_extension(Entry { record: Arc::clone(&record), at });
    let answer = next.run(request).await;
    record.set(at, "done", true.into());
    answer
}

/// Adds to the entry of the call that is being served: its arguments by their IDL names, or what the handler saw.
pub(crate) fn note(context: &Context, key: &str, value: Value) {
    if let Some(entry) = context.extension::<Entry>() {
        entry.record.set(entry.at, key, value);
    }
}

impl Record {
    /// The entries since the last call of this, once there are `at_least` of them or two seconds have passed.
    pub(crate) async fn take(&self, at_least: usize) -> Value {
        let enough = self.log().taken + at_least;
        let mut length = self.length.subscribe();
        let waited = length.wait_for(|length| *length >= enough);
        // Handing out too few is as good as an error: the caller misses them.
        let _ = tokio::time::timeout(Duration::from_secs(2), waited).await;
        let log = &mut *self.log();
        let fresh = log.entries[log.taken..].to_vec();
        log.taken = log.entries.len();
        fresh.into()
    }

    /// The whole log, a line of JSON for each entry.
    pub(crate) fn lines(&self) -> String {
        self.log().entries.iter().map(|entry| format!("{entry}\n")).collect()
    }

    fn add(&self, entry: Value) -> usize {
        let mut log = self.log();
        log.entries.push(entry);
        self.length.send_replace(log.entries.len());
        log.entries.len() - 1
    }

    fn set(&self, at: usize, key: &str, value: Value) {
        self.log().entries[at][key] = value;
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
