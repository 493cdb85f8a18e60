//! Drives the engine of one connection of a client without a socket.

use std::sync::Arc;
use std::time::Instant;

use kitex_codec::{Bytes, BytesMut, Limits};
use kitex_core::{
    Answer, ClientConfig, ClientConnection, ConnectionInfo, Error, ErrorKind, Method, Payload, Peer,
    Protocol, Request, Response, Stage,
};

/// One connection of a client; a call is told by its number.
pub(crate) struct Line {
    engine: ClientConnection<usize>,
    input: BytesMut,
    multiplexed: bool,
    limits: Arc<Limits>,
    /// The sequence id of the last call.
    sequence: i32,
}

/// A call that has ended, by its number.
pub(crate) type Ended = (usize, Result<Response, Error>);

impl Line {
    pub(crate) fn new(config: &Arc<ClientConfig>, limits: &Arc<Limits>) -> Self {
        let info = ConnectionInfo::new(Peer::Memory, Arc::clone(limits));
        Self {
            engine: ClientConnection::new(Arc::clone(config), info),
            input: BytesMut::new(),
            multiplexed: config.multiplexed,
            limits: Arc::clone(limits),
            sequence: 0,
        }
    }

    /// Makes a call that gets the sequence id `sequence` if the engine counts as the recorded client did. Gives what is
    /// sent for it.
    pub(crate) fn call(
        &mut self,
        now: Instant,
        sequence: i32,
        request: &Request,
        call: usize,
    ) -> Result<Vec<u8>, Error> {
        while self.sequence + 1 < sequence {
            self.skip(now, request.method.clone());
        }
        self.sequence += 1;
        self.engine.call(now, request, call).map_err(|refusal| refusal.error)?;
        Ok(self.engine.output().take_segments().to_bytes().to_vec())
    }

    /// A process of Kitex counts the calls of all its connections: those of others are made up for by calls that are
    /// over the limit, which take an id and send nothing.
    fn skip(&mut self, now: Instant, method: Method) {
        let huge = Bytes::from(vec![0; self.limits.max_frame + 1]);
        let request = Request::new(method, Payload::new(Protocol::Binary, huge));
        assert!(self.engine.call(now, &request, usize::MAX).is_err());
        self.sequence += 1;
    }

    /// Takes what the server has sent. Gives the calls that have ended.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Ended> {
        self.input.extend_from_slice(bytes);
        let mut ended = Vec::new();
        loop {
            match self.engine.handle_input(&mut self.input) {
                Ok(Some(Answer { token, result })) => ended.push((token, result)),
                Ok(None) => return ended,
                Err(error) => {
                    ended.extend(self.fail(&error));
                    return ended;
                }
            }
        }
    }

    /// The connection has ended.
    pub(crate) fn end_of_file(&mut self) -> Vec<Ended> {
        self.fail(&Error::new(ErrorKind::Closed, Stage::Read, "the connection has ended"))
    }

    fn fail(&mut self, error: &Error) -> Vec<Ended> {
        let mut ended = Vec::new();
        while let Some((method, call)) = self.engine.next_failed() {
            let error = Error::new(error.kind(), error.stage(), error.to_string()).with_method(&method);
            ended.push((call, Err(error)));
        }
        ended
    }

    /// The next moment at which a call's deadline passes.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.engine.poll_timeout()
    }

    /// Ends the calls whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Ended> {
        std::iter::from_fn(|| self.engine.handle_timeout(now))
            .map(|answer| (answer.token, answer.result))
            .collect()
    }

    /// Whether another call may be made.
    pub(crate) fn is_usable(&self) -> bool {
        match self.multiplexed {
            true => self.engine.accepts_calls(),
            false => self.engine.is_reusable(self.input.len()),
        }
    }
}
