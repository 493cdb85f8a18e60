//! Calls made on behalf of calls.

use std::time::Duration;

use kitex::layer::{Next, TraceContext, from_fn};
use kitex::{CallError, Context, Memory, Request, Scope, Server};
use tokio::time::Instant;

use crate::idl::calls::{CallsClient, CallsServer, Loud, LoudClient, LoudServer, Req, Resp};
use crate::service::{Handler, Running, over_memory};

/// Passes what it is asked on to [`Calls`](crate::idl::calls::Calls).
struct Front(CallsClient);

impl Loud for Front {
    async fn echo(&self, context: &mut Context, req: Req) -> Result<Resp, CallError> {
        let reply = self.0.act(req.msg).context(context).reply().await;
        let said = reply.result.map_err(CallError::failed)?;
        let back = reply.metadata.get(Scope::Backward, "B").unwrap_or("-");
        Ok(Resp { msg: format!("{said} {back}").into(), number: 0 })
    }
}

/// A client of [`Front`] in front of a server of [`Calls`](crate::idl::calls::Calls).
async fn two_hops() -> (LoudClient, [Running; 2]) {
    let (back, _) = over_memory().await;
    let client = CallsClient::builder(back.address.clone()).caller("front").connect().await.unwrap();
    let front = Running::start(Server::new().add(LoudServer::new(Front(client))), &Memory::new()).await;
    let client = LoudClient::builder(front.address.clone()).connect().await.unwrap();
    (client, [front, back])
}

fn req(msg: &str) -> Req {
    Req { msg: msg.into(), number: 0 }
}

#[tokio::test]
async fn persistent_pairs_go_on_and_transient_ones_do_not() {
    let (client, servers) = two_hops().await;
    let resp = client.echo(req("metadata")).persistent("P", "p").transient("T", "t").await.unwrap();
    assert_eq!(&*resp.msg, "- p front back");
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_goes_on_with_something_left_for_the_answer() {
    let (client, _servers) = two_hops().await;
    let began = Instant::now();
    let error = client.echo(req("never")).timeout(Duration::from_millis(200)).await.unwrap_err();
    // It is the call of the front that runs out of time first.
    assert!(error.to_string().contains("deadline exceeded calling Calls.act"), "{error}");
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_trace_goes_on() {
    let came = |request: &Request| request.context.transient("traceparent").map(str::to_owned);
    let seen = from_fn(move |request: Request, next: Next| {
        let parent = came(&request);
        async move {
            let mut response = next.run(request).await?;
            response.metadata.set(Scope::Backward, "B", parent.unwrap_or_default());
            Ok::<_, kitex::Error>(response)
        }
    });
    let server = Server::new().layer(seen).add(CallsServer::new(Handler::default()));
    let back = Running::start(server, &Memory::new()).await;
    let proxy = CallsClient::connect(back.address.clone()).await.unwrap();
    let kept = from_fn(|request: Request, next: Next| {
        assert!(TraceContext::of(&request.context).is_some());
        async move { next.run(request).await }
    });
    let server = Server::new().layer(kept).add(LoudServer::new(Front(proxy)));
    let front = Running::start(server, &Memory::new()).await;
    let client = LoudClient::connect(front.address.clone()).await.unwrap();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let resp = client.echo(req("x")).transient("traceparent", parent).await.unwrap();
    assert_eq!(&*resp.msg, format!("x {parent}"));
    front.stop().await;
    back.stop().await;
}
