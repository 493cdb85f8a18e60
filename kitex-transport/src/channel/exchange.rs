//! A connection that carries one call at a time, driven by the task of the caller.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use kitex_codec::Bytes;
use kitex_core::{
    Body, ClientConfig, ClientConnection, ConnectionInfo, Error, Payload, Peer, Protocol, Request, Response,
    Sent, Stage, Status,
};

use super::errors;
use crate::clock::{self, LazyTimer};
use crate::input::Input;
use crate::transfer::{poll_receive, poll_send};
use crate::{Io, Stream};

/// A connection that carries one call at a time.
#[derive(Debug)]
pub(super) struct Connection<S = Stream> {
    stream: S,
    engine: ClientConnection<()>,
    /// Holds memory only while there is something in it.
    input: Input,
    timer: LazyTimer,
    /// Bytes of the present request that were written.
    sent: usize,
    writing: bool,
    /// When the last call began.
    pub(super) last_used: Instant,
    /// Just dialled: if it is at its end, so is the peer.
    pub(super) fresh: bool,
}

impl<S: Io> Connection<S> {
    pub(super) fn new(stream: S, config: Arc<ClientConfig>, info: Arc<ConnectionInfo>, now: Instant) -> Self {
        Self {
            stream,
            engine: ClientConnection::new(config, info),
            input: Input::default(),
            timer: LazyTimer::default(),
            sent: 0,
            writing: false,
            last_used: now,
            fresh: true,
        }
    }

    pub(super) fn info(&self) -> &Arc<ConnectionInfo> {
        self.engine.info()
    }

    /// Errors if the peer has closed the connection, or sent what nobody has asked for, while no call was under way.
    ///
    /// No system call is made as long as the runtime has heard nothing of the socket.
    pub(super) fn check(&mut self, task: &mut Context<'_>) -> Result<(), Error> {
        let received = poll_receive(&mut self.stream, &mut self.input, None, task);
        let text = match received {
            Poll::Pending => {
                self.release();
                return Ok(());
            }
            Poll::Ready(Ok(0)) => "the peer closed the connection before a request was sent",
            Poll::Ready(Ok(_)) => "the peer sent something before it was asked",
            Poll::Ready(Err(error)) => {
                return Err(errors::broken(self.info(), Stage::Write, error).with_sent(Sent::Never));
            }
        };
        Err(errors::closed(self.info(), Stage::Write, text).with_sent(Sent::Never))
    }

    /// Begins a call. Errors if the request cannot be written: the connection is as it was.
    pub(super) fn begin(&mut self, now: Instant, request: &Request) -> Result<(), Error> {
        self.engine.call(now, request, ()).map_err(|refusal| refusal.error)?;
        (self.sent, self.writing, self.last_used) = (0, true, now);
        Ok(())
    }

    /// Drives the call that was begun to its end. Once the request is written whole, its body is dropped.
    pub(super) fn poll_exchange(
        &mut self,
        request: &mut Request,
        task: &mut Context<'_>,
    ) -> Poll<Result<Response, Error>> {
        if self.writing {
            match self.poll_write(task) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => {
                    self.writing = false;
                    spend(request);
                    if request.method.is_oneway() {
                        return Poll::Ready(Ok(Response::empty(Status::Ok)));
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(self.answer_before(error, task)),
            }
        }
        if let Poll::Ready(answer) = self.poll_answer(task) {
            return Poll::Ready(answer);
        }
        self.poll_deadline(request, task).map(Err)
    }

    /// True if the connection can carry another call. Gives back what it does not need until then.
    pub(super) fn finish(&mut self) -> bool {
        self.fresh = false;
        let reusable = !self.writing && self.engine.is_reusable(self.input.len());
        if matches!(self.info().peer(), Peer::Memory) {
            // A socket fails once its runtime is gone, and with it goes its timer; a pipe in memory does not.
            self.timer = LazyTimer::default();
        }
        self.release();
        self.engine.output().release();
        reusable
    }

    /// True if the peer has sent more than was asked for.
    pub(super) fn has_left_over(&self) -> bool {
        self.engine.in_flight() == 0 && !self.input.is_empty()
    }

    fn poll_write(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.engine.output().is_empty() {
            self.sent += ready!(poll_send(&mut self.stream, self.engine.output(), task))?;
        }
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_answer(&mut self, task: &mut Context<'_>) -> Poll<Result<Response, Error>> {
        loop {
            let expected = self.engine.expected_input();
            match poll_receive(&mut self.stream, &mut self.input, expected, task) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(self.lost(errors::ended(self.info(), self.input.len()))));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(self.lost(errors::broken(self.info(), Stage::Read, error))));
                }
                Poll::Pending => {
                    self.release();
                    return Poll::Pending;
                }
            }
            if let Some(answer) = self.engine.handle_input(&mut self.input)? {
                return Poll::Ready(answer.result);
            }
        }
    }

    /// Writing failed: what the peer has said before it closed is of more use than that it did.
    #[cold]
    fn answer_before(&mut self, error: io::Error, task: &mut Context<'_>) -> Result<Response, Error> {
        match self.poll_answer(task) {
            Poll::Ready(Ok(response)) => Ok(response),
            _ => Err(self.lost(errors::broken(self.info(), Stage::Write, error))),
        }
    }

    fn lost(&self, error: Error) -> Error {
        error.with_sent(if self.sent == 0 { Sent::Never } else { Sent::Maybe })
    }

    fn poll_deadline(&mut self, request: &Request, task: &mut Context<'_>) -> Poll<Error> {
        let Some(deadline) = request.context.deadline else { return Poll::Pending };
        while self.timer.poll(task, Some(deadline.instant())) {
            if deadline.has_passed(clock::now()) {
                let stage = if self.writing { Stage::Write } else { Stage::Read };
                return Poll::Ready(self.lost(Error::deadline(stage).with_peer(self.info().peer())));
            }
        }
        Poll::Pending
    }

    /// Gives back the input's memory if there is nothing in it.
    fn release(&mut self) {
        if self.input.is_empty() {
            self.input.release();
        }
    }
}

/// Lets go of the body of a request that was sent: its memory can be used for others while the answer is waited for. Not if
/// the request may be wanted back.
#[inline]
pub(super) fn spend(request: &mut Request) {
    if !request.context.is_asked_back() {
        request.body = Body::Message(Payload::new(Protocol::Binary, Bytes::new()));
    }
}
