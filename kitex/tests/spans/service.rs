//! The servers and clients whose calls are traced.

use std::time::Duration;

use kitex::{Address, Addresses, BusinessStatus, Bytes, CallError, Context, Error, Memory, Server, Str};

use crate::idl::calls::{
    Calls, CallsClient, CallsEchoError, CallsServer, Loud, LoudClient, LoudServer, Oops, Req, Resp,
};
use crate::recorder::{Fields, Recorder};

/// Does as it is told.
struct Handler;

impl Calls for Handler {
    async fn echo(&self, _: &mut Context, req: Req) -> Result<Resp, CallError<CallsEchoError>> {
        match &*req.msg {
            "oops" => Err(Oops { reason: "told to".into(), code: 1 })?,
            _ => Ok(Resp { msg: req.msg, number: req.number }),
        }
    }

    async fn act(&self, _: &mut Context, how: Str) -> Result<Str, CallError> {
        match &*how {
            "fail" => Err(CallError::failed("the disk is full")),
            "code" => Err(Error::application(77, "a code of one's own"))?,
            "panic" => panic!("told to panic"),
            "status" => Err(BusinessStatus::new(404, "not here"))?,
            "never" => std::future::pending().await,
            _ => Ok(how),
        }
    }

    async fn nothing(&self, _: &mut Context) -> Result<(), CallError> {
        Ok(())
    }

    async fn note(&self, _: &mut Context, _: Str) -> Result<(), CallError> {
        Ok(())
    }

    async fn blob(&self, _: &mut Context, data: Bytes) -> Result<Bytes, CallError> {
        Ok(data)
    }
}

/// Asks [`Calls`] for what it is asked.
struct Front(CallsClient);

impl Loud for Front {
    async fn echo(&self, context: &mut Context, req: Req) -> Result<Resp, CallError> {
        let text = self.0.act(req.msg).context(context).await?;
        Ok(Resp { msg: text, number: req.number })
    }
}

/// A server of [`Calls`].
pub(crate) fn server() -> Server {
    Server::new().add(CallsServer::new(Handler))
}

/// Starts a server; gives where it is. On a busy machine any handler may keep its thread for long: that is not logged.
async fn serve(server: Server, address: impl Into<Addresses>) -> Address {
    let bound = server.slow_poll(Duration::MAX).bind(address).await.unwrap();
    let address = bound.address().clone();
    tokio::spawn(bound.serve());
    address
}

/// A client of a server over TCP, and the server's address.
pub(crate) async fn over_tcp() -> (CallsClient, Address) {
    let address = serve(server(), "127.0.0.1:0").await;
    (CallsClient::builder(address.clone()).caller("tests").connect().await.unwrap(), address)
}

/// A client of a server in memory.
pub(crate) async fn over_memory(server: Server) -> CallsClient {
    let address = serve(server.add(CallsServer::new(Handler)), &Memory::new()).await;
    CallsClient::connect(address).await.unwrap()
}

/// A client of a server that calls another.
pub(crate) async fn two_hops() -> LoudClient {
    let front = Front(over_memory(Server::new()).await);
    let address = serve(Server::new().add(LoudServer::new(front)), &Memory::new()).await;
    LoudClient::connect(address).await.unwrap()
}

/// The client's and the server's span of the only call so far, which are both over.
pub(crate) fn both(recorder: &Recorder) -> [Fields; 2] {
    let spans = recorder.spans();
    assert_eq!(recorder.closed(), spans.len(), "{spans:#?}");
    spans.try_into().unwrap_or_else(|spans| panic!("{spans:#?}"))
}

/// The fields of a span that tell how its call ended.
pub(crate) fn end(span: &Fields) -> String {
    let told = ["error.type", "kitex.exception.id", "otel.status_code", "rpc.response.status_code"];
    let told = told.into_iter().filter_map(|name| Some(format!("{name}={}", span.get(name)?)));
    told.collect::<Vec<_>>().join(" ")
}
