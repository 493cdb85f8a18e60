//! The handler that the tests call, and servers of it.

use std::future::pending;
use std::sync::{Arc, Mutex};

use kitex::{Address, BusinessStatus, Bytes, CallError, Context, Memory, Server, ServerHandle, Str};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use crate::idl::calls::{Calls, CallsEchoError, CallsServer, Oops, Other, Req, Resp};

/// What the handler has seen, and what tells it to go on.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) noted: Notify,
    /// Calls that have begun to wait.
    pub(crate) waiting: Semaphores,
}

/// Two counters that can be waited for.
#[derive(Debug)]
pub(crate) struct Semaphores {
    pub(crate) begun: Semaphore,
    pub(crate) may_end: Semaphore,
}

impl Default for Semaphores {
    fn default() -> Self {
        Self { begun: Semaphore::new(0), may_end: Semaphore::new(0) }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Handler(pub(crate) Arc<Seen>);

impl Calls for Handler {
    async fn echo(&self, _: &mut Context, req: Req) -> Result<Resp, CallError<CallsEchoError>> {
        match &*req.msg {
            "oops" => Err(Oops { reason: "told to".into(), code: req.number })?,
            "other" => Err(Other { code: req.number })?,
            _ => Ok(Resp { msg: req.msg, number: req.number }),
        }
    }

    async fn act(&self, context: &mut Context, how: Str) -> Result<Str, CallError> {
        match &*how {
            "fail" => Err(CallError::failed("told to fail")),
            "panic" => panic!("told to panic"),
            "status" => Err(BusinessStatus::new(404, "not here").with_extra("K", "V"))?,
            "metadata" => {
                let read = [context.transient("T"), context.persistent("P"), Some(context.caller())];
                let read = read.map(|value| value.unwrap_or("-")).join(" ");
                context.set_backward("B", "back");
                Ok(read.into())
            }
            "never" => pending().await,
            "wait" => {
                self.0.waiting.begun.add_permits(1);
                self.0.waiting.may_end.acquire().await.unwrap().forget();
                Ok(how)
            }
            _ => Ok(how),
        }
    }

    async fn nothing(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }

    async fn note(&self, _: &mut Context, text: Str) -> Result<(), CallError> {
        self.0.notes.lock().unwrap().push(text.to_string());
        self.0.noted.notify_one();
        Ok(())
    }

    async fn blob(&self, _: &mut Context, data: Bytes) -> Result<Bytes, CallError> {
        Ok(data)
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: Address,
    pub(crate) handle: ServerHandle,
    pub(crate) task: JoinHandle<()>,
}

impl Running {
    /// Starts a server at an address.
    pub(crate) async fn start(server: Server, address: impl Into<kitex::Addresses>) -> Self {
        let bound = server.bind(address).await.unwrap();
        let (address, handle) = (bound.address().clone(), bound.handle());
        let task = tokio::spawn(async move { bound.serve().await.unwrap() });
        Self { address, handle, task }
    }

    /// Ends the server, without waiting for its clients to leave.
    pub(crate) async fn stop(self) {
        self.handle.abort();
        self.task.await.unwrap();
    }
}

/// A server of [`Calls`] at an address.
async fn over(address: impl Into<kitex::Addresses>) -> (Running, Arc<Seen>) {
    let handler = Handler::default();
    let seen = Arc::clone(&handler.0);
    (Running::start(Server::new().add(CallsServer::new(handler)), address).await, seen)
}

/// A server of [`Calls`], over TCP.
pub(crate) async fn over_tcp() -> (Running, Arc<Seen>) {
    over("127.0.0.1:0").await
}

/// A server of [`Calls`], over a unix socket.
#[cfg(unix)]
pub(crate) async fn over_unix() -> (Running, Arc<Seen>) {
    // Not in the build's own directory: the path of a socket has to be short.
    let name = format!("kitex-calls-{}.sock", std::process::id());
    over(std::env::temp_dir().join(name)).await
}

/// A server of [`Calls`], in memory.
pub(crate) async fn over_memory() -> (Running, Arc<Seen>) {
    over(&Memory::new()).await
}
