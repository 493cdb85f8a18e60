//! What an answer means to a client: the rules of the wire once more, message by message.

use std::collections::BTreeMap;

use kitex_codec::{
    ApplicationException, Bytes, BytesMut, Frame, Limits, MessageType, Pairs, Protocol, string_key,
};
use kitex_core::{ClientConfig, Error, ErrorKind, MethodDescriptor, Response, Status};

use crate::engine::{body, is_behind_white_space, pass_white_space, passes};

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// The peer goes away: calls under way end.
    Draining,
    /// Nothing is read any more.
    Broken,
}

/// A connection, and what of its input was taken.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) state: State,
    pub(super) multiplexed: bool,
    checksum: bool,
    protocol: Protocol,
    /// Oneway calls since the last answer.
    pub(super) oneways: u32,
    /// Answers that no call waited for.
    pub(super) dropped: u64,
    /// Bytes that are passed over.
    skip: usize,
    /// White space is passed over as well.
    white_space: bool,
}

/// A call that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    pub(super) sequence: i32,
    pub(super) method: &'static MethodDescriptor,
}

/// What a message is.
#[derive(Debug)]
pub(super) enum Came {
    /// The answer to the call with this sequence id.
    Answer(i32, Box<Verdict>),
    /// Nothing that concerns a call.
    Nothing,
    Bad,
}

/// How a call ends.
#[derive(Debug)]
pub(super) enum Verdict {
    Reply(Frame, &'static MethodDescriptor),
    Exception(Frame, ApplicationException),
    /// With what is no right answer.
    Violation,
}

impl Model {
    pub(super) fn new(config: &ClientConfig) -> Self {
        let ClientConfig { multiplexed, checksum, protocol, .. } = *config;
        Self {
            state: State::Open,
            multiplexed,
            checksum,
            protocol,
            oneways: 0,
            dropped: 0,
            skip: 0,
            white_space: false,
        }
    }

    /// Takes the next message off `input`; `None` if it is not whole.
    pub(super) fn next(&mut self, input: &mut BytesMut, waits: &[Waits], limits: &Limits) -> Option<Came> {
        let there = self.skip.min(input.len());
        drop(input.split_to(there));
        self.skip -= there;
        if self.skip > 0 || self.state == State::Broken {
            return None;
        }
        if self.white_space {
            self.white_space = pass_white_space(input);
        }
        let before = input.clone();
        match Frame::decode(input, limits) {
            Ok(frame) => frame.map(|frame| {
                self.white_space = is_behind_white_space(&frame) && pass_white_space(input);
                self.came(frame, waits, limits)
            }),
            Err(_) => {
                let Some((total, sequence)) = passes_any(&before).filter(|_| self.multiplexed) else {
                    return Some(self.bad());
                };
                self.skip = total.saturating_sub(before.len() - input.len());
                Some(self.ends(sequence, waits, |_| Verdict::Violation))
            }
        }
    }

    fn bad(&mut self) -> Came {
        self.state = State::Broken;
        Came::Bad
    }

    /// The end of the call that waits with this sequence id.
    fn ends(&mut self, sequence: i32, waits: &[Waits], how: impl FnOnce(Waits) -> Verdict) -> Came {
        match waits.iter().find(|call| call.sequence == sequence) {
            Some(call) => Came::Answer(sequence, Box::new(how(*call))),
            None => {
                self.dropped += 1;
                if !self.multiplexed {
                    self.state = State::Broken;
                }
                Came::Nothing
            }
        }
    }

    fn came(&mut self, frame: Frame, waits: &[Waits], limits: &Limits) -> Came {
        let resets = pairs(&frame).is_some_and(|pairs| pairs.get(string_key::CONNECTION_RESET).is_some());
        let envelope = frame.envelope(limits).map(|(envelope, _)| envelope);
        let sequence = match (&frame.header, self.multiplexed) {
            (None, true) => return self.bad(),
            (Some(header), true) if header.sequence == 0 => {
                if envelope.is_ok() && resets && self.state == State::Open {
                    self.state = State::Draining;
                }
                return Came::Nothing;
            }
            (Some(header), true) => header.sequence,
            (_, false) => match (waits, envelope) {
                ([only], Ok(envelope)) if self.is_of_oneway(only.sequence, envelope.sequence) => {
                    (self.state, self.dropped) = (State::Draining, self.dropped + 1);
                    return Came::Nothing;
                }
                (waits, _) => waits.first().map_or(0, |only| only.sequence),
            },
        };
        let (oneways, intact) = (self.oneways, self.is_readable(&frame));
        let came = self.ends(sequence, waits, |call| match intact {
            true => verdict(frame, call, oneways, limits),
            false => Verdict::Violation,
        });
        if let Came::Answer(_, verdict) = &came {
            self.ended(verdict, resets);
        }
        came
    }

    fn is_readable(&self, frame: &Frame) -> bool {
        let intact = !self.checksum || frame.verify_checksum().is_ok();
        intact && !frame.protobuf && frame.protocol == self.protocol
    }

    fn is_of_oneway(&self, only: i32, sequence: i32) -> bool {
        sequence != 0 && (1..=i64::from(self.oneways)).contains(&(i64::from(only) - i64::from(sequence)))
    }

    /// What an answer says of a connection that is not multiplexed.
    fn ended(&mut self, verdict: &Verdict, resets: bool) {
        self.oneways = 0;
        if self.multiplexed {
            return;
        }
        if resets {
            self.state = State::Draining;
        }
        let good = match verdict {
            Verdict::Reply(..) => true,
            // Behind these a peer closes.
            Verdict::Exception(frame, said) => {
                frame.form.has_header() && !matches!(said.code, 1 | 7 | 9 | 20)
            }
            Verdict::Violation => false,
        };
        if !good {
            self.state = State::Broken;
        }
    }
}

/// The length and the sequence id of a message that cannot be read. Its flags say nothing to a client.
fn passes_any(message: &[u8]) -> Option<(usize, i32)> {
    let mut head: [u8; 12] = *message.first_chunk()?;
    (head[6], head[7]) = (0, 1);
    passes(&head)
}

fn verdict(frame: Frame, call: Waits, oneways: u32, limits: &Limits) -> Verdict {
    let Ok((envelope, at)) = frame.envelope(limits) else { return Verdict::Violation };
    match envelope.kind {
        MessageType::EXCEPTION if envelope.sequence == 0 && oneways > 0 => Verdict::Violation,
        MessageType::EXCEPTION => match frame.protocol.decode(&frame.payload().slice(at), limits) {
            Ok(exception) => Verdict::Exception(frame, exception),
            Err(_) => Verdict::Violation,
        },
        MessageType::REPLY | MessageType::STREAM
            if (envelope.sequence, envelope.name) == (call.sequence, call.method.name.as_bytes())
                && (code(&frame).is_none() || extra(&frame).is_some()) =>
        {
            Verdict::Reply(frame, call.method)
        }
        _ => Verdict::Violation,
    }
}

fn pairs(frame: &Frame) -> Option<&Pairs> {
    frame.header.as_ref().map(|header| header.pairs()).or(frame.mesh.as_ref())
}

fn code(frame: &Frame) -> Option<i32> {
    let code = pairs(frame)?.get(string_key::STATUS_CODE)?;
    std::str::from_utf8(code).ok()?.parse().ok().filter(|code| *code != 0)
}

/// The extra of a business status, if it can be read.
fn extra(frame: &Frame) -> Option<BTreeMap<String, String>> {
    let extra = pairs(frame).and_then(|pairs| pairs.get(string_key::STATUS_EXTRA)).unwrap_or_default();
    if extra.is_empty() { Some(BTreeMap::new()) } else { serde_json::from_slice(extra).ok() }
}

impl Verdict {
    /// Holds the end of a call against this.
    pub(super) fn check(&self, result: &Result<Response, Error>, limits: &Limits) {
        match (self, result) {
            (Self::Reply(frame, method), Ok(response)) => check_reply(frame, method, response, limits),
            (Self::Exception(frame, said), Err(error)) if error.kind() == ErrorKind::Remote => {
                assert_eq!((error.code(), error.message()), (Some(said.code), &*said.message));
                assert!(error.metadata().wire().iter().eq(pairs(frame).into_iter().flat_map(Pairs::iter)));
            }
            (Self::Violation, Err(error)) if error.kind() != ErrorKind::Remote => {
                assert!(error.to_string().len() < 2000, "an error is as long as the peer likes");
            }
            (verdict, result) => panic!("{result:?} for {verdict:?}"),
        }
    }
}

fn check_reply(frame: &Frame, method: &MethodDescriptor, response: &Response, limits: &Limits) {
    let body = body(frame, limits);
    assert!(response.metadata.wire().iter().eq(pairs(frame).into_iter().flat_map(Pairs::iter)));
    check_status(frame, method, &body, &response.status);
    let payload = response.body.message().expect("a reply is one message");
    assert_eq!((payload.protocol(), payload.clone().into_bytes()), (frame.protocol, body));
}

fn check_status(frame: &Frame, method: &MethodDescriptor, body: &Bytes, status: &Status) {
    let Some(code) = code(frame) else {
        if frame.protocol != Protocol::Binary {
            let thrown = frame.protocol.first_field(body).map(|field| field.id);
            let thrown = thrown.filter(|id| method.exceptions.contains(id));
            return assert_eq!(*status, thrown.map_or(Status::Ok, Status::Exception));
        }
        let field = body.get(1..3).map(|id| i16::from_be_bytes([id[0], id[1]]));
        let thrown = field.filter(|id| body[0] != 0 && method.exceptions.contains(id));
        // A field of a type that does not exist is no exception.
        let known = matches!(body.first(), Some(2 | 3 | 4 | 6 | 8 | 10..=15));
        let expected = thrown.filter(|_| known).map_or(Status::Ok, Status::Exception);
        assert!(*status == expected || !known, "{status:?} for {expected:?}");
        return;
    };
    let Status::Business(status) = status else { panic!("status {code} is lost: {status:?}") };
    let pairs = pairs(frame).expect("a status is among the pairs");
    let message = pairs.get(string_key::STATUS_MESSAGE).unwrap_or_default();
    assert_eq!((status.code, &*status.message), (code, &*String::from_utf8_lossy(message)));
    let read = status.extra.iter().map(|(key, value)| (key.to_string(), value.to_string()));
    assert_eq!(Some(read.collect()), extra(frame));
}
