//! A call on its way to a handler, and the answer on its way back.

use std::time::Instant;

use crate::{Body, Context, Error, Metadata, Method, MethodDescriptor, Payload, Protocol, Status, Streaming};

/// A call as layers see it: the message is encoded, everything else is typed.
#[derive(Debug)]
pub struct Request {
    /// Which method is called.
    pub method: Method,
    /// Metadata, deadline, peer.
    pub context: Context,
    /// The arguments.
    pub body: Body,
}

impl Request {
    /// A request with one message.
    pub fn new(method: impl Into<Method>, payload: Payload) -> Self {
        Self { method: method.into(), context: Context::new(), body: Body::Message(payload) }
    }

    /// Takes the request out of its place. What stays there is without a method, a message and a context.
    pub fn take(&mut self) -> Self {
        static NONE: MethodDescriptor = MethodDescriptor {
            service: "",
            name: "",
            index: 0,
            oneway: false,
            idempotent: false,
            streaming: Streaming::None,
            exceptions: &[],
            annotations: &[],
        };
        // Put there as a whole: made of its pieces it would be waited for.
        const EMPTY: Request = Request {
            method: Method::of(&NONE),
            context: Context::new(),
            body: Body::Message(Payload::EMPTY),
        };
        std::mem::replace(self, EMPTY)
    }

    /// A second request of the same bytes, to be sent once more. `None` if the body is a stream.
    #[inline(always)]
    pub fn try_clone(&self) -> Option<Self> {
        let body = self.body.try_clone()?;
        Some(Self { method: self.method.clone(), context: self.context.try_clone(), body })
    }
}

/// An answer as layers see it.
#[derive(Debug)]
pub struct Response {
    /// What the answer is.
    pub status: Status,
    /// Backward metadata.
    pub metadata: Metadata,
    /// The result. For an answer to a oneway call, the empty struct.
    pub body: Body,
    /// When it was there, if somebody has looked at the clock: see [`ended_at`](crate::ended_at). A service that hands on the
    /// answer of another call [forgets](crate::forget_end) it.
    pub ended: Option<Instant>,
}

impl Response {
    /// Notes the place, among the endpoints of a client, that it came from: what cannot be read in it names who sent it.
    #[inline]
    pub fn set_place(&mut self, place: usize) {
        if let Body::Message(payload) = &mut self.body
            && let Some((_, bare)) = payload.sent()
        {
            payload.set_sent(place, bare);
        }
    }

    /// A response with one message.
    pub fn new(status: Status, payload: Payload) -> Self {
        Self { status, metadata: Metadata::new(), body: Body::Message(payload), ended: None }
    }

    /// A response whose result holds nothing. A connection writes it in the protocol of the request.
    pub fn empty(status: Status) -> Self {
        let stop = bytes::Bytes::from_static(&[0]);
        Self::new(status, Payload::new(Protocol::Binary, stop))
    }
}

/// When a call ended: the clock is read by the first layer that asks, and all others of the call are given the same. A
/// connection that takes in many answers together notes for all of them when they came.
///
/// A layer that goes on after a call has ended, such as one that makes another attempt, sets it anew.
pub fn ended_at(result: &mut Result<Response, Error>, now: impl FnOnce() -> Instant) -> Instant {
    let ended = match result {
        Ok(response) => &mut response.ended,
        Err(error) => error.ended_mut(),
    };
    *ended.get_or_insert_with(now)
}

/// When a call ended, if somebody has looked at the clock.
pub fn known_end(result: &Result<Response, Error>) -> Option<Instant> {
    match result {
        Ok(response) => response.ended,
        Err(error) => error.ended(),
    }
}

/// Forgets when a call ended: for one who hands its result on as that of another call, which goes on.
pub fn forget_end(result: &mut Result<Response, Error>) {
    match result {
        Ok(response) => response.ended = None,
        Err(error) => *error.ended_mut() = None,
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[test]
    fn what_is_taken_leaves_nothing_behind() {
        let body = Payload::new(Protocol::Binary, bytes::Bytes::from_static(b"args"));
        let mut request = Request::new(Method::dynamic("EchoSvc", "Echo"), body);
        request.context.set_extension(7_u8);
        let taken = request.take();
        assert_eq!((taken.method.name(), taken.context.extension::<u8>()), ("Echo", Some(&7)));
        assert_eq!(taken.body.message().unwrap().len(), 4);
        assert_eq!((request.method.name(), request.context.extension::<u8>()), ("", None));
        assert_eq!(request.body.message().unwrap().len(), 0);
    }

    #[test]
    fn what_moves_through_the_layers_is_small() {
        assert!(size_of::<Request>() <= 256, "{}", size_of::<Request>());
        // What has as many bytes is moved by a few instructions, and what has more by a call.
        assert!(size_of::<Poll<Result<Response, Error>>>() <= 128, "{}", size_of::<Response>());
    }
}
