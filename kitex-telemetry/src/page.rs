//! The page that Prometheus scrapes.

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::metrics::Recorder;

/// Connections at a time: a few scrapers, and no more. Further ones wait.
const CONNECTIONS: usize = 16;

/// How long a scraper may take for the head of its request.
const HEAD: Duration = Duration::from_secs(10);

/// How long a connection may last in all. One that does not read what it asked for holds its place no longer.
const LONGEST: Duration = Duration::from_secs(30);

/// A listener, and where it is.
pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves the page until it is dropped, and its connections with it.
pub(crate) async fn serve(listener: TcpListener, recorder: Recorder) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
            continue;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, recorder.clone()));
            }
            // Out of descriptors, most likely: there may be some soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Answers one request: a scraper comes every few seconds, and would hold a place in between for nothing.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, recorder: Recorder) {
    let answer = service_fn(move |request| ready(Ok::<_, Infallible>(answer(&request, &recorder))));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false);
    // A scraper that breaks off is its own affair, and so is one that is too slow.
    let _ = timeout(LONGEST, http.serve_connection(TokioIo::new(stream), answer)).await;
}

fn answer(request: &Request<Incoming>, recorder: &Recorder) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, recorder.render()),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "GET it\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "the page is at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::net::TcpStream;
    use tokio::time::Instant;

    use super::*;
    use crate::MetricsConfig;

    const ASK: &[u8] = b"GET /metrics HTTP/1.1\r\nhost: here\r\n\r\n";

    fn recorder() -> Recorder {
        Recorder::new(MetricsConfig::default()).unwrap()
    }

    #[tokio::test]
    async fn a_connection_is_for_one_request() {
        let (mut scraper, page) = duplex(64 * 1024);
        scraper.write_all(&[ASK, ASK].concat()).await.unwrap();
        converse(page, recorder()).await;
        let mut read = String::new();
        scraper.read_to_string(&mut read).await.unwrap();
        assert_eq!(read.matches("HTTP/1.1 200 OK\r\n").count(), 1, "{read}");
        assert!(read.contains("\r\nconnection: close\r\n"), "{read}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_speak_or_does_not_read_is_given_up() {
        for (said, until) in [(&b""[..], HEAD), (b"GET /metrics", HEAD), (ASK, LONGEST)] {
            // The answer does not fit.
            let (mut scraper, page) = duplex(64);
            scraper.write_all(said).await.unwrap();
            let began = Instant::now();
            timeout(2 * LONGEST, converse(page, recorder())).await.unwrap();
            // A timer is as fine as a millisecond.
            assert_eq!(began.elapsed().as_secs(), until.as_secs());
        }
    }

    #[tokio::test]
    async fn connections_end_with_the_page() {
        let (listener, address) = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let page = tokio::spawn(serve(listener, recorder()));
        let mut silent = TcpStream::connect(address).await.unwrap();
        // Connections are taken in their order: when this one is answered, the other is there too.
        let mut scraper = TcpStream::connect(address).await.unwrap();
        scraper.write_all(ASK).await.unwrap();
        scraper.read_to_end(&mut Vec::new()).await.unwrap();
        page.abort();
        let end = timeout(HEAD / 2, silent.read(&mut [0; 64])).await.unwrap();
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
}
