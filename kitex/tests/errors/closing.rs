//! How calls fail whose peers go.

use kitex::ClientBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

use crate::golden::Tour;
use crate::idl::tour::{TourAskError, TourClient};
use crate::peer::{asked, client, played};
use crate::wire;

type Set = fn(ClientBuilder<TourClient>) -> ClientBuilder<TourClient>;

async fn in_memory(tour: &mut Tour, kind: &str, set: Set) {
    let (caller, memory) = client(set);
    let call = async { caller.ask("now").await };
    let result = played(call, &memory, async |mut stream: DuplexStream| {
        asked(&mut stream).await;
        drop(stream);
        tokio::io::duplex(1).0
    });
    tour.call(&format!("{kind} that is closed without an answer"), result.await);

    let (caller, memory) = client(set);
    let call = async { caller.ask("now").await };
    let result = played(call, &memory, async |mut stream: DuplexStream| {
        let answer = wire::answer(2, "ask", asked(&mut stream).await, &wire::text(0, b"hi"));
        stream.write_all(&answer[..20]).await.unwrap();
        drop(stream);
        tokio::io::duplex(1).0
    });
    tour.call(&format!("{kind} that is closed in an answer"), result.await);

    let (caller, memory) = client(set);
    let long = "x".repeat(1 << 20);
    let call = async { caller.ask(long).await };
    let result = played(call, &memory, async |mut stream: DuplexStream| {
        stream.read_exact(&mut [0; 1000]).await.unwrap();
        drop(stream);
        tokio::io::duplex(1).0
    });
    tour.call(&format!("{kind} that is closed in a request"), result.await);
}

/// How a call ends over TCP whose peer resets the connection.
async fn reset(tour: &mut Tour, title: &str, set: Set) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = set(TourClient::builder(listener.local_addr().unwrap())).connect_lazy().unwrap();
    let peer = async {
        let mut stream: TcpStream = listener.accept().await.unwrap().0;
        asked(&mut stream).await;
        stream.set_zero_linger().unwrap();
    };
    let call = async { client.ask("now").await };
    tour.call(title, tokio::join!(call, peer).0);
}

/// How a call ends if `peer` acts on each connection before the call that it is made for comes to it.
///
/// What becomes of a connection that is made is queued in this order: who accepts it, who drives it, who waits for it.
async fn before_a_request<P: Future<Output = Option<DuplexStream>> + Send + 'static>(
    set: Set,
    peer: impl Fn(DuplexStream) -> P + Send + 'static,
) -> Result<kitex::Str, kitex::CallError<TourAskError>> {
    let (client, memory) = client(set);
    let peer = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok(stream) = memory.accept().await {
            open.push(peer(stream).await);
        }
    });
    let result = tokio::spawn(async move { client.ask("now").await }).await.unwrap();
    peer.abort();
    result
}

async fn speak(mut stream: DuplexStream) -> Option<DuplexStream> {
    stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
    Some(stream)
}

#[tokio::test]
async fn how_calls_fail_whose_peers_go() {
    let mut tour = Tour::new("closing");
    in_memory(&mut tour, "a connection", |client| client).await;
    in_memory(&mut tour, "a multiplexed connection", |client| client.mux(1)).await;
    reset(&mut tour, "a connection that is reset", |client| client).await;
    reset(&mut tour, "a multiplexed connection that is reset", |client| client.mux(1)).await;
    let close = |_| std::future::ready(None);
    tour.call("a new connection that is closed at once", before_a_request(|client| client, close).await);
    let title = "new multiplexed connections that are closed at once";
    tour.call(title, before_a_request(|client| client.mux(1), close).await);
    tour.call("a new connection whose peer speaks first", before_a_request(|client| client, speak).await);
    let title = "a new multiplexed connection whose peer speaks first";
    tour.call(title, before_a_request(|client| client.mux(1), speak).await);
    tour.finish();
}
