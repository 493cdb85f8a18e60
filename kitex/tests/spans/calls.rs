//! Calls that are answered: names, fields, and how spans belong together.

use kitex::{Address, Server};

use crate::idl::calls::Req;
use crate::recorder::{Fields, record};
use crate::service::{both, end, over_memory, over_tcp, two_hops};

/// Asserts that a span has these fields, some others with any value, and no more.
fn assert_fields(span: &Fields, expected: &[(&str, &str)], others: &[&str]) {
    let mut span = span.clone();
    for other in others {
        assert!(span.remove(*other).is_some(), "{other}: {span:#?}");
    }
    let expected = expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect::<Fields>();
    assert_eq!(span, expected);
}

#[tokio::test]
async fn a_call_is_a_span_on_either_side() {
    let (recorder, _guard) = record();
    let (client, address) = over_tcp().await;
    client.act("now").await.unwrap();
    let [client, server] = both(&recorder);
    let Address::Ip(address) = address else { panic!("{address}") };
    let expected = [
        ("name", "rpc.client"),
        ("level", "INFO"),
        ("otel.name", "Calls/act"),
        ("otel.kind", "client"),
        ("rpc.system.name", "kitex"),
        ("rpc.method", "Calls/act"),
        ("server.address", "127.0.0.1"),
        ("server.port", &address.port().to_string()),
    ];
    assert_fields(&client, &expected, &["trace_id", "span_id"]);
    let expected = [
        ("name", "rpc.server"),
        ("level", "INFO"),
        ("otel.name", "Calls/act"),
        ("otel.kind", "server"),
        ("rpc.system.name", "kitex"),
        ("rpc.method", "Calls/act"),
        ("client.address", "127.0.0.1"),
        ("kitex.caller", "tests"),
    ];
    assert_fields(&server, &expected, &["client.port", "trace_id", "span_id", "parent_span_id"]);
    assert_eq!(recorder.take_lines(), Vec::<String>::new());
}

/// Asserts that the spans are one trace, each made for the one before it.
fn assert_trace(spans: &[Fields]) {
    for span in spans {
        assert_eq!((span["trace_id"].len(), span["span_id"].len()), (32, 16), "{spans:#?}");
        assert_eq!(span["trace_id"], spans[0]["trace_id"], "{spans:#?}");
    }
    assert_eq!(spans[0].get("parent_span_id"), None);
}

#[tokio::test]
async fn the_servers_span_is_below_the_clients() {
    let (recorder, _guard) = record();
    let client = over_memory(Server::new()).await;
    client.nothing().await.unwrap();
    let spans = both(&recorder);
    assert_trace(&spans);
    assert_eq!(spans[1]["parent_span_id"], spans[0]["span_id"]);
    assert_eq!(spans[1].get("parent"), None, "it is the wire that tells the parent");
}

#[tokio::test]
async fn a_trace_goes_over_two_hops() {
    let (recorder, _guard) = record();
    two_hops().await.echo(Req { msg: "now".into(), number: 1 }).await.unwrap();
    let spans = recorder.spans();
    let names: Vec<_> = spans.iter().map(|span| [&*span["name"], &*span["rpc.method"]].join(" ")).collect();
    let expected =
        ["rpc.client Loud/echo", "rpc.server Loud/echo", "rpc.client Calls/act", "rpc.server Calls/act"];
    assert_eq!(names, expected);
    assert_trace(&spans);
    assert_eq!(spans[1]["parent_span_id"], spans[0]["span_id"]);
    assert_eq!(spans[3]["parent_span_id"], spans[2]["span_id"]);
    // The handler makes its call inside of its own span.
    assert_eq!(spans[2]["parent"], "rpc.server");
    assert_eq!(recorder.closed(), 4);
}

#[tokio::test]
async fn calls_of_their_own_are_traces_of_their_own() {
    let (recorder, _guard) = record();
    let client = over_memory(Server::new()).await;
    client.nothing().await.unwrap();
    client.nothing().await.unwrap();
    let spans = recorder.spans();
    assert_trace(&spans[..2]);
    assert_trace(&spans[2..]);
    assert_ne!(spans[0]["trace_id"], spans[2]["trace_id"]);
}

#[tokio::test]
async fn declared_exceptions_and_business_statuses_are_no_errors() {
    let (recorder, _guard) = record();
    let client = over_memory(Server::new()).await;
    client.echo(Req { msg: "oops".into(), number: 0 }).await.unwrap_err();
    for span in both(&recorder) {
        assert_eq!(end(&span), "kitex.exception.id=1");
    }
    let (recorder, _guard) = record();
    let client = over_memory(Server::new()).await;
    client.act("status").await.unwrap_err();
    for span in both(&recorder) {
        assert_eq!(end(&span), "rpc.response.status_code=404");
    }
    assert_eq!(recorder.take_lines(), Vec::<String>::new());
}
