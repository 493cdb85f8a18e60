//! The same calls over each framing, protocol and transport.

use kitex::{Address, CallError, ClientBuilder, ErrorKind, Framing, Protocol, Sent};

use crate::idl::calls::{CallsClient, CallsEchoError, Oops, Other, Req};
#[cfg(unix)]
use crate::service::over_unix;
use crate::service::{Running, Seen, over_memory, over_tcp};

const FRAMINGS: [Framing; 4] =
    [Framing::Buffered, Framing::Framed, Framing::TTHeader, Framing::TTHeaderFramed];

/// The ways in which a client can call a server at an address.
fn clients(address: &Address) -> Vec<(String, ClientBuilder<CallsClient>)> {
    let builder = || CallsClient::builder(address.clone());
    let pooled = FRAMINGS.map(|framing| (format!("pooled {framing:?}"), builder().framing(framing)));
    let mux = [Framing::TTHeader, Framing::TTHeaderFramed];
    let mux = mux.map(|framing| (format!("mux {framing:?}"), builder().framing(framing).mux(1)));
    // As peers of Apache Thrift call.
    let apache = [Protocol::Binary, Protocol::Compact, Protocol::Json].map(|protocol| {
        [Framing::Buffered, Framing::Framed].map(|framing| {
            let (one, other) =
                (builder().framing(framing), builder().framing(framing).service_prefix("Calls"));
            let named = (format!("{protocol} {framing:?} Calls:"), other.protocol(protocol));
            [(format!("{protocol} {framing:?}"), one.protocol(protocol)), named]
        })
    });
    let apache = apache.into_iter().flatten().flatten();
    pooled.into_iter().chain(mux).chain(apache).collect()
}

async fn every_kind_of_answer_arrives(running: Running, seen: &Seen) {
    for (name, builder) in clients(&running.address) {
        let client = builder.connect().await.unwrap();
        let resp = client.echo(Req { msg: name.clone().into(), number: 7 }).await.unwrap();
        assert_eq!((&*resp.msg, resp.number), (&*name, 7));
        client.nothing().await.unwrap();
        let large = vec![7; 100_000];
        assert_eq!(client.blob(large.clone()).await.unwrap(), large);

        let oops = client.echo(Req { msg: "oops".into(), number: 1 }).await.unwrap_err();
        let expected = Oops { reason: "told to".into(), code: 1 };
        assert_eq!(oops.exception(), Some(&CallsEchoError::Oops(expected)), "{name}");
        let other = client.echo(Req { msg: "other".into(), number: 2 }).await.unwrap_err();
        assert!(matches!(other, CallError::Exception(CallsEchoError::Other(Other { code: 2 }))), "{name}");

        let failed = client.act("fail").await.unwrap_err();
        let error = failed.error().unwrap();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Remote, Some(6)), "{name}");
        assert_eq!(error.message(), "biz error: told to fail");
        assert_eq!(error.sent(), Sent::Maybe);

        client.note(format!("by {name}")).await.unwrap();
        seen.noted.notified().await;
        assert_eq!(seen.notes.lock().unwrap().pop().unwrap(), format!("by {name}"));
        assert_eq!(&*client.act("again").await.unwrap(), "again");
    }
    running.stop().await;
}

#[tokio::test]
async fn every_kind_of_answer_arrives_over_tcp() {
    let (running, seen) = over_tcp().await;
    every_kind_of_answer_arrives(running, &seen).await;
}

#[tokio::test]
async fn every_kind_of_answer_arrives_over_memory() {
    let (running, seen) = over_memory().await;
    every_kind_of_answer_arrives(running, &seen).await;
}

#[cfg(unix)]
#[tokio::test]
async fn every_kind_of_answer_arrives_over_a_unix_socket() {
    let (running, seen) = over_unix().await;
    every_kind_of_answer_arrives(running, &seen).await;
}
