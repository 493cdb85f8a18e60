//! Answers into bytes.

use std::time::Instant;

use kitex_codec::{ApplicationException, Envelope, Form, MessageType, Output, Protocol, Segments, Str};

use super::{Pending, ServerConnection};
use crate::head::{self, Shell};
use crate::router::answered_name;
use crate::shown::shown;
use crate::{Body, CallId, Error, ErrorKind, Metadata, Response, Stage};

/// Where an answer goes, and in which clothes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addressee<'a> {
    pub(super) form: Form,
    pub(super) protocol: Protocol,
    pub(super) name: &'a [u8],
    pub(super) sequence: i32,
    /// Whether the answer says that the connection is not to be used again (spec: kitex-wire 11.1).
    pub(super) reset: bool,
}

impl Pending {
    fn addressee(&self, reset: bool) -> Addressee<'_> {
        let name = self.method.name().as_bytes();
        let Self { form, protocol, sequence, .. } = *self;
        Addressee { form, protocol, name, sequence, reset: self.serial && reset }
    }
}

impl ServerConnection {
    /// Answers a call. An answer to a call that has ended is dropped.
    ///
    /// Undecodable arguments, told by [`ErrorKind::Arguments`], end a connection that is not multiplexed.
    pub fn reply(&mut self, now: Instant, id: CallId, result: Result<Response, Error>) {
        let Some(call) = self.take(id) else { return };
        self.last_activity = now;
        let undecodable = matches!(&result, Err(error) if error.kind() == ErrorKind::Arguments);
        let closes = undecodable && call.serial;
        if !call.method.is_oneway() {
            self.write_answer(&call, result, closes);
        }
        if closes {
            self.close();
        }
        self.settle(now);
    }

    fn write_answer(&mut self, call: &Pending, result: Result<Response, Error>, closes: bool) {
        let to = call.addressee(closes || call.late);
        let error = match result {
            Ok(response) => match self.write_response(&to, &response) {
                Ok(()) => return,
                Err(error) => error.with_method(&call.method),
            },
            Err(error) => error,
        };
        self.write_exception(&to, &error);
    }

    fn write_response(&mut self, to: &Addressee<'_>, response: &Response) -> Result<(), Error> {
        let Response { status, metadata, body, .. } = response;
        let Body::Message(payload) = body else {
            return Err(Error::new(ErrorKind::Encode, Stage::Handle, "a stream is no answer to this call"));
        };
        let transcoded;
        let payload = match payload.protocol() == to.protocol {
            true => payload,
            false => {
                transcoded = payload.transcode(to.protocol, self.info.limits())?;
                &transcoded
            }
        };
        let shell = self.shell(to, MessageType::REPLY);
        shell.write(&mut self.output, payload.segments(), self.info.limits(), None, |header| {
            head::reply_pairs(header, Some(status), metadata, to.reset)
        })?;
        Ok(())
    }

    /// Answers a request for what is not there: under its method's bare name, as Apache's `TMultiplexedProcessor` does.
    /// The code for a missing service is Kitex's own; other peers are given the one that they know.
    #[cold]
    pub(super) fn write_unknown(&mut self, to: &Addressee<'_>, service: &[u8], error: Error) {
        let name = answered_name(service, to.name);
        let by_kitex = to.protocol == Protocol::Binary && name.len() == to.name.len();
        let names_service = !service.is_empty() || to.name.len() > name.len() + 1;
        let error = match error.kind() {
            _ if by_kitex => error,
            ErrorKind::UnknownService if !names_service => Error::unknown_name(&shown(name)),
            _ => error.with_code(ApplicationException::UNKNOWN_METHOD),
        };
        self.write_exception(&Addressee { name, ..*to }, &error);
    }

    /// Writes an exception; without its metadata if they do not fit. One that does not fit at all ends the connection,
    /// as the peer could not be told otherwise.
    pub(super) fn write_exception(&mut self, to: &Addressee<'_>, error: &Error) {
        let mut exception = error.to_exception();
        if exception.message.len() > MAX_EXCEPTION_TEXT {
            exception.message = shortened(&exception.message);
        }
        let limits = self.info.limits();
        let Ok(segments) = to.protocol.encode(&exception, limits) else { return self.close() };
        let shell = self.shell(to, MessageType::EXCEPTION);
        let none = Metadata::new();
        let write = |out: &mut Output, metadata: &Metadata| {
            shell.write(out, &segments, limits, None, |header| {
                head::reply_pairs(header, None, metadata, to.reset)
            })
        };
        let written = write(&mut self.output, error.metadata()).or_else(|_| write(&mut self.output, &none));
        if written.is_err() {
            self.close();
        }
    }

    /// Tells a multiplexed peer that this side goes away (spec: kitex-wire 12.4). False if that cannot be written.
    pub(super) fn write_control(&mut self) -> bool {
        let envelope = Envelope { kind: MessageType::REPLY, name: b"none", sequence: 0 };
        let (form, protocol) = (Form::TTHeader, Protocol::Binary);
        let shell = Shell { form, protocol, flags: 0, envelope, checksum: false };
        let stop = Segments::from(kitex_codec::Bytes::from_static(&[0]));
        shell.write(&mut self.output, &stop, self.info.limits(), None, head::control_pairs).is_ok()
    }

    fn shell<'a>(&self, to: &Addressee<'a>, kind: MessageType) -> Shell<'a> {
        let envelope = Envelope { kind, name: to.name, sequence: to.sequence };
        let Addressee { form, protocol, .. } = *to;
        Shell { form, protocol, flags: 0, envelope, checksum: self.config.checksum }
    }
}

/// Bytes of an exception's text: what a handler's error or a panic says is for people, not for carrying data.
const MAX_EXCEPTION_TEXT: usize = 16 << 10;

fn shortened(text: &str) -> Str {
    let end = text.floor_char_boundary(MAX_EXCEPTION_TEXT);
    Str::from(format!("{}… ({} bytes in all)", &text[..end], text.len()))
}
