//! Several services on one port, and requests for none of them.

use kitex::{
    CallError, ClientBuilder, Context, Error, ErrorKind, Framing, Memory, Protocol, Request, Response,
    Server, Status,
};

use crate::idl::calls::{
    CallsClient, CallsServer, Clock, ClockClient, ClockServer, Loud, LoudClient, LoudServer, Req, Resp,
};
use crate::service::{Handler, Running};

struct Noon;

impl Clock for Noon {
    async fn now(&self, _: &mut Context) -> Result<i64, CallError> {
        Ok(12)
    }
}

struct Shout;

impl Loud for Shout {
    async fn echo(&self, _: &mut Context, req: Req) -> Result<Resp, CallError> {
        Ok(Resp { msg: req.msg.to_uppercase().into(), number: 0 })
    }
}

fn calls() -> CallsServer<Handler> {
    CallsServer::new(Handler::default())
}

fn req() -> Req {
    Req { msg: "hi".into(), number: 0 }
}

fn framed<C: kitex::codegen::GeneratedClient>(running: &Running) -> ClientBuilder<C> {
    ClientBuilder::new(running.address.clone()).framing(Framing::Framed)
}

#[tokio::test]
async fn services_share_a_port() {
    let server = Server::new().add(calls()).add(ClockServer::new(Noon));
    let running = Running::start(server, &Memory::new()).await;
    for framing in [Framing::Buffered, Framing::TTHeaderFramed] {
        let clock = ClockClient::builder(running.address.clone()).framing(framing);
        assert_eq!(clock.connect().await.unwrap().now().await.unwrap(), 12);
        let calls = CallsClient::builder(running.address.clone()).framing(framing);
        assert_eq!(&*calls.connect().await.unwrap().act("on").await.unwrap(), "on");
    }
    running.stop().await;
}

#[tokio::test]
async fn methods_of_one_name_are_told_apart_by_the_services_name_else_go_to_the_fallback() {
    let server = Server::new().add(calls()).add(LoudServer::new(Shout)).fallback("Loud");
    let running = Running::start(server, &Memory::new()).await;
    let named = CallsClient::connect(running.address.clone()).await.unwrap();
    assert_eq!(&*named.echo(req()).await.unwrap().msg, "hi");
    let named = LoudClient::connect(running.address.clone()).await.unwrap();
    assert_eq!(&*named.echo(req()).await.unwrap().msg, "HI");
    let unnamed: CallsClient = framed(&running).connect().await.unwrap();
    assert_eq!(&*unnamed.echo(req()).await.unwrap().msg, "HI");
    running.stop().await;
}

#[tokio::test]
async fn names_like_those_of_apache_thrift_tell_services_apart() {
    let server = Server::new().add(calls()).add(LoudServer::new(Shout)).fallback("Loud");
    let running = Running::start(server, &Memory::new()).await;
    let named: CallsClient = framed(&running).service_prefix("Calls").connect().await.unwrap();
    assert_eq!(&*named.echo(req()).await.unwrap().msg, "hi");
    let named: CallsClient = framed(&running).service_prefix("Loud").connect().await.unwrap();
    assert_eq!(&*named.echo(req()).await.unwrap().msg, "HI");
    let nobody: CallsClient =
        framed(&running).service_prefix("Nobody").protocol(Protocol::Compact).connect().await.unwrap();
    let error = nobody.echo(req()).await.unwrap_err();
    let error = error.error().unwrap();
    assert_eq!((error.code(), error.message()), (Some(1), "unknown service Nobody, method echo"));
    running.stop().await;
}

#[tokio::test]
async fn services_that_cannot_stand_together_are_refused() {
    let twice = Server::new().add(calls()).add(calls());
    let same = Server::new().add(calls()).add(LoudServer::new(Shout));
    let nowhere = Server::new().add(calls()).fallback("Loud");
    for (server, expected) in [
        (Server::new(), "there is no service to serve: add one"),
        (twice, "the service Calls was added twice"),
        (
            same,
            "Calls and Loud both have a method echo: name the one that serves requests without a service name \
             (fallback), or refuse such requests (strict)",
        ),
        (nowhere, "the fallback Loud is none of the services"),
    ] {
        let error = server.bind(&Memory::new()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_strict_server_refuses_what_names_no_service() {
    let server = Server::new().add(calls()).add(LoudServer::new(Shout)).strict();
    let running = Running::start(server, &Memory::new()).await;
    let named = LoudClient::connect(running.address.clone()).await.unwrap();
    assert_eq!(&*named.echo(req()).await.unwrap().msg, "HI");
    let unnamed: LoudClient = framed(&running).connect().await.unwrap();
    let error = unnamed.echo(req()).await.unwrap_err();
    let error = error.error().unwrap();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Remote, "unknown service , method echo"));
    running.stop().await;
}

#[tokio::test]
async fn what_is_not_there_can_be_served_by_one_who_knows() {
    let proxy = tower::service_fn(|request: Request| async move {
        assert_eq!((request.method.service(), request.method.name()), ("Clock", "now"));
        // An i64 field 0 of 7, and the end of the struct.
        let now = kitex::Bytes::from_static(&[0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
        Ok::<_, Error>(Response::new(Status::Ok, kitex::Payload::new(Default::default(), now)))
    });
    let running = Running::start(Server::new().add(calls()).unknown(proxy), &Memory::new()).await;
    let clock = ClockClient::connect(running.address.clone()).await.unwrap();
    assert_eq!(clock.now().await.unwrap(), 7);
    // What it answers in Binary goes into Compact for who asks in it, and cannot go into JSON.
    let clock =
        |protocol| framed::<ClockClient>(&running).protocol(protocol).service_prefix("Clock").connect();
    assert_eq!(clock(Protocol::Compact).await.unwrap().now().await.unwrap(), 7);
    let error = clock(Protocol::Json).await.unwrap().now().await.unwrap_err();
    assert!(error.to_string().contains("Thrift JSON does not tell a string from a binary"), "{error}");
    running.stop().await;
}

#[tokio::test]
async fn a_method_that_is_not_there_is_named() {
    let running = Running::start(Server::new().add(calls()), &Memory::new()).await;
    let clock = ClockClient::connect(running.address.clone()).await.unwrap();
    let error = clock.now().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "remote exception 20 calling Clock.now at this process (at the peer): unknown service Clock, method now"
    );
    assert!(error.error().unwrap().is_retry_safe());
    running.stop().await;
}

#[tokio::test]
async fn a_client_of_a_server_in_the_same_process_needs_no_wire() {
    let client = LoudClient::new(LoudServer::new(Shout));
    assert_eq!(&*client.echo(req()).await.unwrap().msg, "HI");
}
