//! Peers that a test plays by hand, and servers that say what they see.

use kitex::{CallError, ClientBuilder, Error, Memory, Method, Observer, Peer, Server};
use kitex_codec::{BytesMut, Envelope, Frame, Limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use crate::golden::{Shown, shown};
use crate::idl::tour::{TourClient, TourServer};
use crate::service::Handler;

/// Reads one request; gives its sequence id.
pub(crate) async fn asked(stream: &mut (impl AsyncRead + Unpin)) -> i32 {
    asked_last(stream, 1).await
}

/// Reads so many requests; gives the sequence id of the last.
pub(crate) async fn asked_last(stream: &mut (impl AsyncRead + Unpin), requests: usize) -> i32 {
    let (mut input, mut sequences) = (BytesMut::new(), Vec::new());
    while sequences.len() < requests {
        match Frame::decode(&mut input, &Limits::default()).unwrap() {
            Some(frame) => sequences.push(Envelope::decode(frame.payload_bytes()).unwrap().0.sequence),
            None => assert_ne!(stream.read_buf(&mut input).await.unwrap(), 0, "the client is gone"),
        }
    }
    sequences[requests - 1]
}

/// A client of nobody yet, and where its connections come in.
pub(crate) fn client(
    set: impl FnOnce(ClientBuilder<TourClient>) -> ClientBuilder<TourClient>,
) -> (TourClient, Memory) {
    let memory = Memory::new();
    (set(TourClient::builder(&memory)).connect_lazy().unwrap(), memory)
}

/// How a call ends whose connection `peer` has at its other end.
pub(crate) async fn played<T, E, P: Future<Output = DuplexStream>>(
    call: impl Future<Output = Result<T, CallError<E>>>,
    memory: &Memory,
    peer: impl FnOnce(DuplexStream) -> P,
) -> Result<T, CallError<E>> {
    let playing = async { peer(memory.accept().await.unwrap()).await };
    let (result, _open) = tokio::join!(call, playing);
    result
}

/// How a call of `ask` ends that is answered with bytes, which are made of its sequence id.
pub(crate) async fn answered(
    set: impl FnOnce(ClientBuilder<TourClient>) -> ClientBuilder<TourClient>,
    answer: impl FnOnce(i32) -> Vec<u8>,
) -> Result<kitex::Str, CallError<crate::idl::tour::TourAskError>> {
    let (client, memory) = client(set);
    let call = async { client.ask("now").await };
    played(call, &memory, async |mut stream: DuplexStream| {
        let sequence = asked(&mut stream).await;
        stream.write_all(&answer(sequence)).await.unwrap();
        stream
    })
    .await
}

/// What a server tells of.
#[derive(Debug)]
pub(crate) enum Told {
    Failed(Shown),
    Refused(String),
    Slow(String),
}

/// Passes on what a server tells of.
#[derive(Debug)]
struct Watch(mpsc::UnboundedSender<Told>);

impl Observer for Watch {
    fn connection_refused(&self, peer: &Peer, reason: &str) {
        let _ = self.0.send(Told::Refused(format!("{peer}: {reason}")));
    }

    fn peer_failed(&self, error: &Error) {
        let _ = self.0.send(Told::Failed(shown(error)));
    }

    fn slow_poll(&self, method: &Method, _: std::time::Duration) {
        let _ = self.0.send(Told::Slow(method.to_string()));
    }
}

/// A server in memory, and what it tells of.
pub(crate) async fn watched(server: Server) -> (Memory, mpsc::UnboundedReceiver<Told>) {
    let (sender, told) = mpsc::unbounded_channel();
    let memory = Memory::new();
    let server = server.add(TourServer::new(Handler::default())).observer(Watch(sender));
    tokio::spawn(server.bind(&memory).await.unwrap().serve());
    (memory, told)
}
