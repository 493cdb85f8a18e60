//! A stream for which something is held until its end.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use kitex_codec::Bytes;
use kitex_core::{Body, Error, MessageSource, MessageStream, Payload, Protocol, Response};

use super::Guard;
use super::hold::{GivenUp, over, run};

/// Hands what is held over to the stream that is the answer.
pub(super) fn follow<L: Guard>(response: &mut Response, layer: &L, held: L::Held) {
    let nothing = Body::Message(Payload::new(Protocol::Binary, Bytes::new()));
    response.body = match std::mem::replace(&mut response.body, nothing) {
        Body::Stream(stream) => {
            let (layer, stream, held) = (layer.clone(), Some(stream), Some(held));
            Body::Stream(MessageStream::new(HeldStream { layer, stream, held }))
        }
        message @ Body::Message(_) => message,
    };
}

struct HeldStream<L: Guard> {
    layer: L,
    /// Until it has ended.
    stream: Option<MessageStream>,
    held: Option<L::Held>,
}

impl<L: Guard> HeldStream<L> {
    /// The stream beneath has ended: it is dropped before the layer is told, who is told even if that panics.
    fn end(&mut self, mut error: Option<Error>) -> Option<Result<Payload, Error>> {
        let Self { layer, stream, held } = self;
        let given_up = GivenUp { layer, held };
        layer.discard(|| *stream = None);
        if let Some(held) = given_up.held {
            error = layer.stream_ended(held, error);
        }
        over(layer, given_up.held, true);
        error.map(Err)
    }
}

impl<L: Guard> MessageSource for HeldStream<L> {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let Self { layer, stream, held } = &mut *self;
        let Some(stream) = stream else { return Poll::Ready(None) };
        let next = run(layer, held, || stream.poll_next(task));
        let next = next.unwrap_or_else(|error| Poll::Ready(Some(Err(error))));
        Poll::Ready(match ready!(next) {
            Some(Ok(message)) => Some(Ok(message)),
            Some(Err(error)) => self.end(Some(error)),
            None => self.end(None),
        })
    }
}

impl<L: Guard> Drop for HeldStream<L> {
    fn drop(&mut self) {
        let Self { layer, stream, held } = self;
        let _given_up = GivenUp { layer, held };
        layer.discard(|| *stream = None);
    }
}
