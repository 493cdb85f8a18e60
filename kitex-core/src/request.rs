//! A call on its way to a handler, and the answer on its way back.

use crate::{Body, Context, Metadata, Method, Payload, Status};

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

    /// A second request of the same bytes, to be sent once more. `None` if the body is a stream.
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
}

impl Response {
    /// A response with one message.
    pub fn new(status: Status, payload: Payload) -> Self {
        Self { status, metadata: Metadata::new(), body: Body::Message(payload) }
    }

    /// A response whose result holds nothing.
    pub fn empty(status: Status) -> Self {
        let stop = bytes::Bytes::from_static(&[0]);
        Self::new(status, Payload::new(crate::Protocol::ThriftBinary, stop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_through_the_layers_is_small() {
        assert!(size_of::<Request>() <= 320, "{}", size_of::<Request>());
        assert!(size_of::<Response>() <= 160, "{}", size_of::<Response>());
    }
}
