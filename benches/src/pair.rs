//! Two engines with a wire of memory between them.

use std::sync::Arc;
use std::time::Instant;

use kitex_codec::{BytesMut, CHUNK, Limits, Output, put_chunk, take_chunk};
use kitex_core::{
    Answer, ClientConfig, ClientConnection, ConnectionInfo, Deadline, Error, MethodResult, NamedService,
    Payload, Peer, Request, Response, Router, Scope, ServerConfig, ServerConnection, Status,
};

use crate::bench::echo_calls::{SayArgs, SayResult};
use crate::bench::{EchoServer, Message};
use crate::echo::{self, Handler};

/// A client's and a server's end of one connection, a request, and what is answered to it.
#[derive(Debug)]
pub struct Pair {
    client: ClientConnection<usize>,
    server: ServerConnection,
    now: Instant,
    request: Request,
    answer: Payload,
}

impl Pair {
    /// Two ends that carry `message` to and fro, one at a time or `multiplexed`.
    ///
    /// Errors if the message cannot be encoded.
    pub fn new(message: &Message, multiplexed: bool) -> Result<Self, Error> {
        let now = Instant::now();
        let mut router = Router::new();
        router.add(echo::server());
        let info = || ConnectionInfo::new(Peer::Memory, Arc::default());
        let mut config = ClientConfig::default();
        (config.multiplexed, config.caller) = (multiplexed, echo::CALLER.into());
        config.service = Some(echo::CALLEE.into());
        Ok(Self {
            client: ClientConnection::new(Arc::new(config), info()),
            server: ServerConnection::new(Arc::new(router), Arc::new(ServerConfig::default()), info(), now),
            now,
            request: request(message, now)?,
            answer: Payload::encode(&SayResult::from_outcome(Ok(message.clone())), &Limits::default())?,
        })
    }

    /// Makes `calls` calls, all of them before the first is answered; gives the bytes of all requests and of all
    /// answers.
    ///
    /// Errors if one of them fails.
    pub fn echo(&mut self, calls: usize) -> Result<(usize, usize), Error> {
        let Self { client, server, now, request, answer } = self;
        for token in 0..calls {
            client.call(*now, request, token).map_err(|refusal| refusal.error)?;
        }
        let asked = carry(client.output(), |input| {
            while let Some(taken) = server.handle_input(*now, input)? {
                server.reply(*now, taken.id, Ok(Response::new(Status::Ok, answer.clone())));
            }
            Ok(())
        })?;
        let mut answers = 0;
        let answered = carry(server.output(), |input| {
            while let Some(Answer { result, .. }) = client.handle_input(input)? {
                answers += usize::from(result?.status.is_ok());
            }
            Ok(())
        })?;
        assert_eq!(answers, calls, "every call is answered");
        Ok((asked, answered))
    }
}

/// What a client sends that was set up like [`echo::client`].
fn request(message: &Message, now: Instant) -> Result<Request, Error> {
    let [say] = EchoServer::<Handler>::SERVICE.methods else { unreachable!("the service has one method") };
    let payload = Payload::encode(&SayArgs { message: message.clone() }, &Limits::default())?;
    let mut request = Request::new(say, payload);
    request.context.deadline = Some(Deadline::after(now, echo::TIMEOUT));
    request.context.metadata.set(Scope::Persistent, echo::METADATA.0, echo::METADATA.1);
    Ok(request)
}

/// Carries what is to be written from one end to the other, in reads of the size that drivers make; gives the bytes.
fn carry(
    output: &mut Output,
    mut take: impl FnMut(&mut BytesMut) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut input = take_chunk();
    let mut carried = 0;
    while !output.is_empty() {
        let (front, _) = output.front();
        let read = front.len().min(CHUNK);
        input.extend_from_slice(&front[..read]);
        output.advance(read);
        carried += read;
        take(&mut input)?;
    }
    put_chunk(input);
    output.release();
    Ok(carried)
}
