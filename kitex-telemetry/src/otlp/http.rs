//! Requests to a collector, one after the other over one connection.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Destination;

/// Bytes of an answer that are read: it says how many were rejected, and why.
const ANSWER: usize = 64 * 1024;

/// A collector that asks for more is not waited for that long.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Client {
    to: Destination,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// Why an attempt came to nothing.
struct Failure {
    why: String,
    /// Whether, and after how long at the least, another attempt makes sense.
    again: Option<Duration>,
}

/// Why a message was given up.
pub(super) struct GivenUp {
    /// What was wrong with the last attempt.
    pub(super) why: String,
    /// Whether all attempts were made: the collector is away, and the next message would fare no better. False if it
    /// refused this one.
    pub(super) away: bool,
}

impl Failure {
    /// One of the connection.
    fn broken(why: impl Display) -> Self {
        Self { why: why.to_string(), again: Some(Duration::ZERO) }
    }
}

impl Client {
    pub(super) fn new(to: Destination) -> Self {
        Self { to, connection: None }
    }

    /// Sends a message, if need be again. Its answer.
    pub(super) async fn post(&mut self, message: Bytes) -> Result<Bytes, GivenUp> {
        let mut attempt = 1;
        loop {
            let answer = timeout(self.to.timeout, self.attempt(message.clone())).await.unwrap_or_else(|_| {
                let limit = self.to.timeout;
                Err(Failure::broken(format_args!("no answer within OtlpConfig::timeout, {limit:?}")))
            });
            let failure = match answer {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            self.connection = None;
            match failure.again {
                Some(wait) if attempt < self.to.attempts => {
                    let back_off = self.to.back_off.saturating_mul(1 << (attempt - 1).min(16));
                    sleep(wait.max(back_off).min(LONGEST_WAIT)).await;
                }
                again => {
                    let why = format!("{}: {}", self.to.url, failure.why);
                    return Err(GivenUp { why, away: again.is_some() });
                }
            }
            attempt += 1;
        }
    }

    async fn attempt(&mut self, message: Bytes) -> Result<Bytes, Failure> {
        let request = self.request(message).map_err(Failure::broken)?;
        let connection = self.connected().await.map_err(Failure::broken)?;
        let response = connection.send_request(request).await.map_err(Failure::broken)?;
        let verdict = judge(&response);
        let body = Limited::new(response.into_body(), ANSWER).collect().await;
        verdict?;
        body.map(|body| body.to_bytes()).map_err(Failure::broken)
    }

    fn request(&self, message: Bytes) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let url = &self.to.url;
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let host = url.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let mut request = Request::post(path).header(HOST, host).body(Full::new(message))?;
        request.headers_mut().extend(self.to.headers.clone());
        let kind = HeaderValue::from_static("application/x-protobuf");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(request)
    }

    /// The connection, made anew if the collector has closed it meanwhile.
    async fn connected(&mut self) -> std::io::Result<&mut SendRequest<Full<Bytes>>> {
        let there = match self.connection.take() {
            Some(mut there) => there.ready().await.is_ok().then_some(there),
            None => None,
        };
        let there = match there {
            Some(there) => there,
            None => self.connect().await?,
        };
        Ok(self.connection.insert(there))
    }

    async fn connect(&self) -> std::io::Result<SendRequest<Full<Bytes>>> {
        let host = self.to.url.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.to.url.port_u16().unwrap_or(80))).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        // Ends with the sender, or with the collector.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// Which answers ask for another attempt: those that the standard of OTLP names.
fn judge<B>(response: &Response<B>) -> Result<(), Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let passing = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    let wait = || response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok();
    let again = passing.contains(&status).then(|| Duration::from_secs(wait().unwrap_or(0)));
    Err(Failure { why: format!("it answers {status}"), again })
}
