//! Calls without pause, until the server is gone or this side stops.

use std::collections::HashSet;
use std::error::Error;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use interop::Options;
use interop::control::ControlSvcClient;
use kitex::{CallError, ErrorKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{print, session};

/// What became of the calls, by their numbers.
#[derive(Debug, Default)]
struct Account {
    answered: Vec<i64>,
    failed: Vec<Value>,
    under_way: HashSet<i64>,
}

/// Runs the callers, and prints what became of their calls.
#[expect(clippy::print_stdout, reason = "the runner waits for that line")]
pub(crate) async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let caller = Caller {
        client: session::control(options).await?,
        account: Arc::default(),
        numbers: Arc::default(),
        end: Instant::now() + Duration::from_millis(options.get("limit", 10_000)?),
    };
    let callers: usize = options.get("callers", 16)?;
    let (warm, mut warmed) = mpsc::channel(callers);
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        tasks.spawn(caller.clone().run(warm.clone()));
    }
    for _ in 0..callers {
        warmed.recv().await;
    }
    println!("loading");
    let abandon = options.get("abandon", 0)?;
    if abandon > 0 {
        tokio::time::sleep(Duration::from_millis(abandon)).await;
        tasks.shutdown().await;
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    print(&caller.account().line());
    Ok(())
}

/// One of those who call. Clones share the client, the numbers and the account.
#[derive(Clone)]
struct Caller {
    client: ControlSvcClient,
    account: Arc<Mutex<Account>>,
    numbers: Arc<AtomicI64>,
    end: Instant,
}

impl Caller {
    async fn run(self, warm: mpsc::Sender<()>) {
        let mut more = self.call().await;
        // The receiver counts, and is there until all have sent.
        let _ = warm.send(()).await;
        while more && Instant::now() < self.end {
            more = self.call().await;
        }
    }

    /// Makes one call; whether there is still somebody to call.
    async fn call(&self) -> bool {
        let id = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        self.account().under_way.insert(id);
        let answer = self.client.work(id, i32::try_from(id % 8).unwrap_or(0)).await;
        let mut account = self.account();
        account.under_way.remove(&id);
        match answer {
            Ok(got) if got == id => account.answered.push(id),
            Ok(got) => account.fail(id, false, format!("it got the answer of call {got}")),
            Err(CallError::Failed(error)) => {
                account.fail(id, error.is_retry_safe(), error.to_string());
                return error.kind() != ErrorKind::Connect;
            }
            Err(error) => account.fail(id, false, error.to_string()),
        }
        true
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn fail(&mut self, id: i64, safe: bool, error: String) {
        self.failed.push(json!({"id": id, "safe": safe, "error": error}));
    }

    /// The line to print. Calls still under way were given up.
    fn line(&self) -> Value {
        let abandoned: Vec<_> = self.under_way.iter().collect();
        json!({"answered": self.answered, "failed": self.failed, "abandoned": abandoned})
    }
}
