//! Bytes that are not what they were.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use kitex_core::{Body, Error, MessageSource, MessageStream, Payload, Response};

use crate::random::Random;

/// Of so many bytes about one is changed: enough that strings, lengths and types are hit, and that most of a message
/// is still read.
const SPARED: usize = 64;

/// An answer with some bytes of its messages changed.
pub(super) fn response(mut response: Response, seed: u64) -> Response {
    let random = Random::seeded(seed);
    response.body = match response.body {
        Body::Message(payload) => Body::Message(message(payload, &random)),
        Body::Stream(stream) => Body::Stream(MessageStream::new(Garbled { stream, random })),
    };
    response
}

struct Garbled {
    stream: MessageStream,
    random: Random,
}

impl MessageSource for Garbled {
    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Payload, Error>>> {
        let next = self.stream.poll_next(task);
        next.map(|next| next.map(|payload| payload.map(|payload| message(payload, &self.random))))
    }
}

fn message(payload: Payload, random: &Random) -> Payload {
    let protocol = payload.protocol();
    let mut bytes = Vec::from(payload.into_bytes());
    for part in bytes.chunks_mut(SPARED) {
        let number = random.next();
        let place = (number >> 8) as usize % part.len();
        // A byte is never changed to what it was.
        part[place] ^= (number as u8).max(1);
    }
    Payload::new(protocol, kitex_codec::Bytes::from(bytes))
}
