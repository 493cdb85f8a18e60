//! A stream for which something is held until its end.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use kitex_codec::Bytes;
use kitex_core::{Body, Error, MessageSource, MessageStream, Payload, Protocol, Response};

use super::Held;

/// Hands what is held over to the stream of an answer; drops it if the answer is none.
pub(super) fn follow<H: Held>(response: &mut Response, held: H) {
    if let Body::Message(_) = response.body {
        return;
    }
    let nothing = Body::Message(Payload::new(Protocol::ThriftBinary, Bytes::new()));
    response.body = match std::mem::replace(&mut response.body, nothing) {
        Body::Stream(stream) => {
            Body::Stream(MessageStream::new(HeldStream { stream: Some(stream), held: Some(held) }))
        }
        message @ Body::Message(_) => message,
    };
}

struct HeldStream<H: Held> {
    /// Until it has ended.
    stream: Option<MessageStream>,
    held: Option<H>,
}

impl<H: Held> HeldStream<H> {
    fn end(&mut self, error: Option<Error>) -> Option<Result<Payload, Error>> {
        let Some(mut held) = self.held.take() else { return error.map(Err) };
        held.discard(|| self.stream = None);
        held.stream_ended(error).map(Err)
    }
}

impl<H: Held> MessageSource for HeldStream<H> {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let this = &mut *self;
        let (Some(stream), Some(held)) = (&mut this.stream, &mut this.held) else { return Poll::Ready(None) };
        let next = held.run(|| stream.poll_next(task)).unwrap_or_else(|error| Poll::Ready(Some(Err(error))));
        Poll::Ready(match ready!(next) {
            Some(Ok(message)) => Some(Ok(message)),
            Some(Err(error)) => this.end(Some(error)),
            None => this.end(None),
        })
    }
}

impl<H: Held> Drop for HeldStream<H> {
    fn drop(&mut self) {
        if let Some(held) = &mut self.held {
            held.discard(|| self.stream = None);
        }
    }
}
